"""What makes a mention dangerous, or tells what it is about: words by topic, in French and in English."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from services.rules.sentiment.phrases import PhraseBook, listed


@dataclass(frozen=True, slots=True, eq=False)
class Danger:
    """A kind of danger. Each is written once, below, and is equal to itself alone.

    Attributes:
        code: The reason's code.
        topic: What a mention of it is about; "" adds no topic.
        points: Risk points of the first word found; 0 for a mere topic.
        french: Its clause for people; likewise `english`.
        words_fr: What tells it in French; likewise `words_en`.
    """

    code: str
    topic: str
    points: float
    french: str
    english: str
    words_fr: str
    words_en: str


DANGERS = (
    Danger("health", "product_safety", 40, "danger pour la santé", "danger to health",
        """brûlure/s, brûlé/e/s/es, brûlée au visage, blessé/e/s/es, blessure/s, intoxiqué/e/s/es, intoxication/s, empoisonné/e/s/es, empoisonnement, allergie/s,
        réaction allergique, choc allergique, œdème, aux urgences, les urgences, à l'hôpital, hospitalisé/e/s/es, hospitalisation, vomi, vomissements, malaise, étouffé/e, étouffement,
        toxique/s, cancérigène/s, salmonelle/s, salmonellose, listeria, bactérie/s, contaminé/e/s/es, contamination, explosé/e/s/es, explosion, électrocuté/e, plaques rouges, samu, éclat/s de verre,
        bout de verre, morceau de verre, morceaux de verre, métal dans, éclat/s de métal, morceau de métal, morceaux de métal, bout de métal, bouts de métal, éclat de lame, une lame dans, corps étranger, points de suture, lèvre coupée, en sang, saigne,
        coupant/e/s/es, blesse/nt, avalé un, recraché, dangereux pour la santé, dangereux pour les enfants, danger, dangereux, dangereuse/s, cloques""",
        """burn/s, burned, burnt, injured, injury, injuries, poisoned, poisoning, allergic reaction, anaphylactic, emergency room, in hospital, in the hospital, hospitalised, hospitalized, vomiting, threw up,
        choked, choking, toxic, carcinogenic, salmonella, listeria, bacteria, contaminated, contamination, exploded, explosion, electrocuted, rash, glass in, metal in, metal shard/s, shard of, foreign object, foreign body, stitches, bleeding, unsafe, dangerous, blisters, ambulance"""),
    Danger("death", "product_safety", 46, "décès évoqué", "a death is mentioned",
        "décès, décédé/e/s/es, est mort, est morte, sont morts, un mort, deux morts, des morts, mort après, mortel/s, mortelle/s, tué/e/s/es, suicide, suicidé/e",
        "died, dead, death, deaths, killed, fatal, fatality, suicide"),
    Danger("fire", "product_safety", 40, "feu ou incendie", "fire",
        "incendie/s, a pris feu, prend feu, pris feu, prennent feu, en feu, en flammes, fumée noire, court-circuit, batterie qui gonfle, batterie gonflée",
        "caught fire, catches fire, on fire, in flames, burst into flames, house fire, short circuit, swollen battery"),
    Danger("recall", "product_safety", 30, "rappel de produit", "product recall",
        "rappel produit, rappel de produit, rappel de produits, rappel massif, retirer de la vente, retiré de la vente, rappel conso, rappelconso, lot contaminé",
        "product recall, recalled, recall notice, pulled from shelves, withdrawn from sale"),
    Danger("data_leak", "data", 40, "fuite de données", "data leak",
        "fuite de données, fuite massive, vol de données, données volées, données personnelles, données bancaires, piraté/e/s/es, piratage, hacké/e/s, cyberattaque, mots de passe, cnil, rgpd, carte bancaire utilisée, ransomware",
        "data breach, data leak, leaked data, stolen data, personal data, hacked, hackers, cyberattack, passwords leaked, gdpr, ransomware, card details"),
    Danger("racism", "discrimination", 38, "accusation de racisme ou de discrimination", "racism or discrimination alleged",
        "raciste/s, racisme, discrimination/s, discriminé/e/s/es, antisémite/s, islamophobe/s, sexiste/s, sexisme, homophobe/s, homophobie, transphobe/s, validiste, propos haineux, grossophobe/s",
        "racist/s, racism, discrimination, discriminated, antisemitic, islamophobic, sexist, sexism, homophobic, homophobia, transphobic, ableist, hate speech"),
    Danger("harassment", "employees", 34, "accusation de harcèlement", "harassment alleged",
        "harcèlement, harcelé/e/s/es, harceleur/s, agression sexuelle, agressé/e/s/es, viol, attouchements, metoo, maltraitance, maltraité/e/s/es, humiliations, esclavage, travail des enfants",
        "harassment, harassed, sexual assault, assaulted, rape, metoo, abuse, mistreated, mistreatment, slavery, child labour, child labor, sweatshop"),
    Danger("employees", "employees", 20, "climat social", "trouble with staff",
        "grève, licenciements, plan social, licencié/e/s/es, burn-out, conditions de travail, syndicat/s, prud'hommes, salariés en colère, exploité/e/s/es, heures non payées, non déclaré/e/s",
        "strike, layoffs, laid off, burnout, working conditions, unpaid wages, unpaid overtime, unions, whistleblower, exploited workers"),
    Danger("boycott", "boycott", 28, "appel au boycott", "call for a boycott",
        "boycott, boycottez, boycottons, boycotter, boycotté/e, je boycotte, on boycotte, n'achetez plus, n'achetez pas, plus rien acheter chez, balance ton",
        "boycott, boycotting, boycotted, do not buy, don't buy, stop buying, cancel your subscription, cancelled my account"),
    Danger("legal", "legal", 26, "suites judiciaires", "legal action",
        """porter plainte, porte plainte, portons plainte, ai porté plainte, dépôt de plainte, déposé plainte, mon avocat, mon avocate, notre avocat, nos avocats, avocats, tribunal, justice, procès, poursuites,
        action collective, mise en demeure, huissier, dgccrf, signalconso, répression des fraudes, ufc que choisir, 60 millions de consommateurs, illégal/e/s, garde à vue, perquisition, mis en examen, enquête ouverte""",
        "lawsuit, suing, sue you, my lawyer, our lawyers, lawyers, court, legal action, class action, trading standards, ombudsman, illegal, small claims, police, prosecuted, prosecution, indicted, investigation"),
    Danger("fraud", "legal", 20, "accusation de fraude", "fraud alleged",
        "arnaque/s, arnaqueur/s, arnaqué/e/s/es, escroc/s, escroquerie/s, fraude/s, frauduleux, frauduleuse/s, voleurs, publicité mensongère, contrefaçon/s, faux avis, détournement, corruption, blanchiment, greenwashing",
        "scam/s, scammer/s, scammed, fraud, fraudulent, fraudsters, rip-off, ripped off, thieves, false advertising, counterfeit, fake reviews, embezzlement, corruption, bribery, greenwashing"),
    Danger("environment", "environment", 28, "atteinte à l'environnement ou aux animaux", "harm to the environment or animals",
        "pollution, pollué/e/s/es, polluez, marée noire, déversé/e, déversement, déforestation, souffrance animale, maltraitance animale, tests sur les animaux, testé sur les animaux, pesticides",
        "pollution, polluted, polluting, oil spill, dumped, deforestation, animal cruelty, animal testing, tested on animals, pesticides"),
    Danger("threat", "threat", 36, "menace", "threat",
        """je vais vous tuer, on va vous tuer, mérite de mourir, méritez de mourir, tout casser, tout brûler, on va brûler, on vient chez vous, vous allez payer, vous allez le payer, on sait où vous habitez,
        je sais où vous habitez, menace de mort, menaces de mort, alerte à la bombe, venir régler ça, on débarque""",
        "kill you, burn it down, burn your, we know where you live, i know where you live, you will pay for this, you'll pay for this, death threat, death threats, bomb threat, coming for you, deserve to die"),
    Danger("children", "product_safety", 0, "enfants concernés", "children concerned",
        "mon bébé, ma fille, mon fils, mes enfants, bébés, nourrisson/s, crèche, fillette, ma petite, notre fille, notre fils, enfants",
        "my baby, my daughter, my son, my kids, my children, infants, toddler, toddlers, nursery, children"),
    Danger("customer_service", "customer_service", 0, "", "",
        "service client, service clients, sav, service après-vente, hotline, conseiller, conseillère, téléconseiller, votre standard, support technique, community manager, chatbot",
        "customer service, customer support, helpline, support team, help desk, call centre, call center, chatbot"),
    Danger("delivery", "delivery", 0, "", "",
        "livraison/s, livré/e/s/es, colis, livreur/s, livreuse, expédié/e/s, expédition, transporteur, point relais, chronopost, colissimo, commande/s",
        "delivery, deliveries, delivered, parcel/s, package/s, courier, shipping, shipped, shipment, tracking number, order/s"),
    Danger("price", "price", 0, "", "",
        "prix, tarif/s, hausse des prix, augmentation, trop cher, trop chère, hors de prix, promo, promotion/s, soldes, remise, shrinkflation, facturation, facture, facturé/e, remboursement, rembourser, remboursé/e",
        "price/s, pricing, price increase, price hike, too expensive, overpriced, discount, sale, shrinkflation, bill, billed, overcharged, refund/s, refunded"),
)  # fmt: skip

HARMLESS_FR = "mort de rire, morte de rire, morts de rire, à mourir de rire, une tuerie, tuerie, c'est de la bombe, rappel au calme, danger public de la mode, plus de peur que de mal, sans danger"
HARMLESS_EN = "to die for, killed it, died laughing, dead tired, drop dead gorgeous, on fire today, you are on fire, deadline, death by chocolate"

CALLS_FR = """partagez, à partager, merci de partager, faites tourner, faites passer, rt svp, rt massif, diffusez, signez, pétition, faites le savoir, que tout le monde sache,
    relayez, à relayer, faut que ça se sache, likez, exigeons, mobilisez-vous, tous devant, rassemblement devant, manifestation devant, boycottez, boycottons, n'achetez plus"""
CALLS_EN = """please share, share this, spread the word, please rt, retweet, make this viral, sign the petition, petition, everyone should know, let everyone know, boycott them, protest outside,
    do not buy, don't buy, stop buying"""

UNANSWERED_FR = """toujours pas de réponse, aucune réponse, sans réponse, pas de réponse, personne ne répond, ne répond pas, ne répondent pas, répond pas, toujours rien, aucune nouvelle, vous répondez quand,
    silence radio, allez-vous répondre, vous comptez répondre, j'attends une réponse, répondez, injoignable/s"""
UNANSWERED_EN = "still no answer, still no reply, no reply, no response, nobody answers, no one answers, radio silence, ignoring me, ignoring us, will you answer, waiting for an answer, when will you reply"

PRESS = frozenset(
    [
        "journaliste",
        "journalist",
        "reporter",
        "reporteur",
        "redaction",
        "redacteur",
        "redactrice",
        "editor",
        "correspondant",
        "correspondent",
        "afp",
        "reuters",
        "grandreporter",
    ]
)
PRESS_KINDS = frozenset({"press", "news", "tv", "radio"})


@dataclass(frozen=True, slots=True)
class Books:
    """The phrases of both languages: a crisis quotes whatever language it likes, and the words hardly collide."""

    dangers: PhraseBook[tuple[Danger, str] | None]
    calls: PhraseBook[str]
    unanswered: PhraseBook[str]


@cache
def books() -> Books:
    """Built once a process, in a few milliseconds."""
    return Books(
        PhraseBook(_dangers()),
        PhraseBook((phrase, phrase) for block in (CALLS_FR, CALLS_EN) for phrase in listed(block)),
        PhraseBook((phrase, phrase) for block in (UNANSWERED_FR, UNANSWERED_EN) for phrase in listed(block)),
    )


def _dangers() -> Iterator[tuple[str, tuple[Danger, str] | None]]:
    # A later entry wins: mere topics first, then rising danger, then what only looks dangerous.
    for danger in sorted(DANGERS, key=lambda each: each.points):
        for block in (danger.words_en, danger.words_fr):
            yield from ((phrase, (danger, phrase)) for phrase in listed(block))
    for block in (HARMLESS_FR, HARMLESS_EN):
        yield from ((phrase, None) for phrase in listed(block))
