from datetime import timedelta

from services.ingest.domain.backoff import LONGEST_RETRY_AFTER, after_failure


def seconds(failures, every=300, **options):
    return after_failure("le-monde", failures, every, **options).total_seconds()


def test_waits_double_up_to_an_hour_within_a_fifth():
    for failures, expected in [(1, 60), (2, 120), (3, 240), (7, 3600), (10_000, 3600)]:
        assert expected <= seconds(failures) <= expected * 1.2


def test_a_feed_that_is_read_often_is_tried_again_sooner_and_a_rare_one_not_more_often_than_asked():
    assert 30 <= seconds(1, every=30) <= 36
    assert 86_400 <= seconds(20, every=86_400) <= 86_400 * 1.2


def test_sources_that_failed_together_do_not_come_back_together():
    assert len({after_failure(f"source-{n}", 3, 300) for n in range(50)}) > 40


def test_the_server_has_its_say_but_not_for_ever():
    assert seconds(1, retry_after=timedelta(hours=2)) == 7200
    assert seconds(7, retry_after=timedelta(seconds=1)) >= 3600
    assert seconds(1, retry_after=timedelta(days=400)) == LONGEST_RETRY_AFTER.total_seconds()
