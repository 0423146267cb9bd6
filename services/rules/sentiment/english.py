"""What English words and phrases are worth, -4 (awful) to 4 (wonderful); written for this product.

`stem/e/s` lists the stem and its endings. Irony-prone praise is in `IRONIC`: said next to a grievance, it means the reverse.
"""

from __future__ import annotations

WORTH: dict[float, str] = {
    -3.5: """
        scandal/s, scandalous, disgrace, disgraceful, disgusting, appalling, atrocious, abysmal, vile, outrageous, outrage, unacceptable,
        despicable, shameful, shame on you, shame on them, criminal/s, nightmare/s, catastrophe, catastrophic, disaster/s, disastrous, scam/s,
        scammer/s, scammed, fraudster/s, thief, thieves, rip-off, rip off, ripped off, ripoff, never again, stay away, avoid at all costs,
        boycott/s/ing/ed, worst experience, worst service, worst company, a total joke, horrific, sickening, absolute garbage, robbery
    """,
    -2.5: """
        awful, terrible, horrible, dreadful, worst, trash, garbage, rubbish, crap, crappy, shit, shitty, pathetic, useless, hate/s, hated, hateful, furious,
        angry, anger, livid, enraged, fuming, fed up, sick of, insulting, insult/s, insulted, liar/s, lie/s, lied, lying, misleading, deceptive, deceived, cheated, cheat/s, fraud,
        fraudulent, dishonest, incompetent, incompetence, dangerous, unsafe, toxic, poisonous, poisoned, poisoning, racist/s, racism, sexist, sexism,
        homophobic, harassment, harassed, harassing, discrimination, discriminated, abuse, abused, abusive, humiliated, humiliating, burned, burnt, burns, injured,
        injury, injuries, hospital, hospitalised, hospitalized, emergency room, exploded, caught fire, on fire, died, deaths, death, killed, data breach, data leak, hacked,
        stolen, stole, thanks for nothing, a joke, laughing stock, contempt, unusable, inedible, gross, lawsuit, suing
    """,
    -1.8: """
        disappointed, disappointing, disappointment, bad, badly, poor, poorly, faulty, defective, broken, breaks, broke, damaged, doesn't work, does not work, did not work, didn't work,
        not working, stopped working, won't work, crash/es/ed/ing, bug/s, buggy, glitchy, unreachable, rude, impolite, arrogant, aggressive, unhelpful, unprofessional, unhappy, dissatisfied,
        complaint/s, complain/ed/ing, lost, missing, never arrived, never received, waste of money, waste of time, wasted, ridiculous, absurd, overpriced, regret/s, avoid,
        panic, panicking, terrified, horrified, shaking, in tears, bleeding, irresponsible, unforgivable, tragedy, charged twice, double charged, radio silence,
        afraid, scared, scary, worrying, worried, alarming, allergic, allergy, rash, sick, ill, mouldy, moldy, expired, rotten, dirty, filthy, smelly, stinks, stink, sucks, suck, fail/s/ed, failure/s, no reply,
        no response, no answer, nobody answers, ignored, ignoring, ignore/s, betrayed, betrayal, shocked, shocking, upset, annoyed, annoying, frustrated, frustrating, frustration, illegal, unfair, sad,
        fired, laid off, sketchy, shady, shame, ashamed, trouble, hopeless, mess, horrid
    """,
    -1.0: """
        meh, mediocre, average at best, slow, late, delayed, delay/s, too expensive, pricey, expensive, complicated, confusing, problem/s, issue/s, error/s, cancelled, canceled, still waiting, still no, still nothing,
        bland, tasteless, boring, tired, doubtful, suspicious, risky, refused, refuses, refuse, denied, stuck, blocked, lacking, lacks, forgot, forgotten, out of stock, not great, not good, not impressed, nothing special,
        could be better, leaves a lot to be desired, underwhelming, underwhelmed, let down, weak, never seen
    """,
    0.8: "fine, ok, okay, decent, fair, reasonable, not bad, acceptable, no problem, no problems, no issue, no issues, no worries, not disappointed, interesting, hope, hopeful, promising, curious about, alright",
    1.8: """
        good, well made, nice, lovely, pretty, pleasant, happy, pleased, satisfied, satisfying, glad, like, liked, likes, love/s, loved, loving, enjoy/ed/ing/s, enjoyable, appreciate/d, recommend/ed, would recommend,
        efficient, fast, quick, quickly, prompt, promptly, responsive, professional, polite, kind, helpful, friendly, attentive, reliable, sturdy, solid, useful, handy, convenient, delicious, tasty, fresh, soft, comfortable,
        comfy, quality product, high quality, good quality, trust, trusted, reassured, reassuring, resolved, solved, fixed, sorted, impressed, impressive, success, successful, cool, proud, relieved, pleasant surprise,
        works well, works great, works perfectly, beautiful, smooth, easy, thankful, grateful, no complaints, cannot fault, can't fault, worth every penny, worth it
    """,
    2.8: """
        exceptional, extraordinary, incredible, fabulous, stunning, outstanding, remarkable, flawless, superb, best, the best, my favourite, my favorite, favourite, favorite, huge fan, big fan, game changer, life saver, lifesaver,
        top notch, top-notch, to die for, never disappointed, never had a problem, never had any problem, never had an issue, can't recommend enough, cannot recommend enough, thank you so much, many thanks, couldn't be happier, could not be happier,
        killer deal, sick beat, hilarious
    """,
}

IRONIC: dict[float, str] = {
    1.5: "thanks, thank you, congrats, congratulations, well done, nice one, nice job, good job, nice work, good work, way to go, bravo, kudos",
    2.3: "great, awesome, amazing, wonderful, fantastic, perfect, brilliant, excellent, magnificent, genius, marvelous, marvellous, splendid, what a joy, just what i needed, exactly what i needed",
}

GRIEVANCES = """
    waiting, waited, wait, on hold, hours on the phone, for weeks, for days, for months, weeks, hours, late, delayed, cancelled, canceled, lost, broken, refund, refunded, stuck, still no, still not, still waiting,
    yet again, for nothing, as usual, as always, no answer, charged, overcharged, charged twice, failed, forgot, error, problem, wrong size, wrong item, empty, price increase, closed, shattered, in pieces, never arrived,
    never received, not received, third time, second time, crashed, voicemail, hold music, down again
"""

NEGATORS = """
    not, no, never, without, hardly, barely, neither, nor, isn't, wasn't, aren't, weren't, don't, doesn't, didn't, can't, cannot, couldn't, won't, wouldn't, shouldn't, haven't, hasn't,
    nothing, isnt, wasnt, dont, doesnt, didnt, cant, wont, lacks, zero
"""
AFTER_NEGATORS = ""
NE = ""
STRONGER = """
    very, really, so, too, extremely, absolutely, totally, completely, utterly, super, incredibly, truly, deeply, highly, such, seriously, literally, beyond, particularly, genuinely
"""
WEAKER = "a bit, a little, slightly, somewhat, rather, fairly, kind of, sort of, almost, sometimes"
TURNS = "but, however, yet, although, though, except, unfortunately, sadly"
