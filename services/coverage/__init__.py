"""When is a team on duty, and if not, why. Pure: no clock, no I/O.

`calendar` answers for an instant, `check` refuses a specification that cannot mean what its author thinks,
`phrase` says the reasons in French and in English, `zone` turns wall-clock times into instants.
"""
