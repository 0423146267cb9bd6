"""The tone of French and English sentences: praise, blame, negation, irony, intensity.

Known to be read wrongly, and not asserted: irony without any mark or grievance ("Quel talent, vraiment."), comparisons
("mieux que la concurrence, ce n'est pas difficile"), quotations of what others said, and spelling of single letters.
"""

from __future__ import annotations

import pytest

from services.contracts.values import Sentiment
from services.rules.sentiment.phrases import text_of
from services.rules.sentiment.tone import tone_of

FRENCH = {
    "positive": [
        "Le produit est génial, je recommande !",
        "Pas mal du tout ce nouveau parfum",
        "Aucun problème, livraison rapide",
        "Problème réglé rapidement, merci !",
        "Colis en retard mais le service client a été super",
        "Je n'ai jamais été déçue par cette marque",
        "Jamais eu de problème avec eux en dix ans",
        "Franchement très content de mon achat",
        "Coup de cœur pour la nouvelle gamme 😍",
        "C'est plus rapide qu'avant",
        "Une équipe à l'écoute et souriante",
        "Rien à redire, tout est nickel",
        "Bravo à toute l'équipe pour ce magnifique spectacle",
        "Merci pour votre réactivité",
        "Qualité au rendez-vous, comme toujours",
        "mdr je suis morte de rire, cette pub est une tuerie",
        "J'ADORE cette crème",
        "Je recommande les yeux fermés",
        "Pas de souci avec la livraison, et la crème est douce",
        "Un peu cher mais quel régal",
        "Trop bon ce gâteau",
        "Enfin une marque honnête et fiable",
        "Sans problème depuis deux ans, très satisfaite",
        "Belle surprise, l'odeur est agréable",
        "Ma commande est arrivée en avance, au top",
    ],
    "negative": [
        "Je ne recommande pas du tout",
        "C'est pas terrible franchement",
        "Je recommande pas",
        "Merci bravo, encore une commande annulée",
        "Génial... trois semaines d'attente",
        "Super, mon colis est perdu. Bravo !",
        "Service client NUUUUL",
        "Jamais vu un service aussi nul",
        "Ce n'est plus efficace",
        "J'aime pas du tout",
        "Plus jamais je n'achète chez eux",
        "C'est une honte, votre service client est injoignable",
        "Le flacon est arrivé cassé",
        "Toujours pas de réponse depuis lundi",
        "Merci pour rien",
        "Bravo pour l'accueil, deux heures d'attente",
        "Le goût est bon mais l'emballage est une catastrophe",
        "Très déçue de la nouvelle formule",
        "Je ne suis pas satisfaite",
        "Vous vous moquez du monde, ou plutôt ça se moque du monde chez vous",
        "Quel mépris pour les clients 😡",
        "Aucun respect, à fuir",
        "Arnaque totale, ne commandez pas",
        "Horrrrible expérience en magasin",
        "Super le service client 🙄",
        "Félicitations, je suis débité deux fois",
        "La qualité laisse à désirer",
        "Le produit ne marche pas",
        "On nous prend pour des cons",
        "Ça sent mauvais et ça irrite, plaques rouges partout",
        "Pas du tout satisfait",
        "Peut mieux faire",
        "Rien n'est fiable chez vous, ras le bol",
        "Je suis furieux, application en panne depuis hier",
        "Formidable, encore une panne",
    ],
    "neutral": [
        "Ouverture d'une boutique à Lyon samedi",
        "Quelqu'un connaît les horaires du magasin ?",
        "La marque publie ses résultats mercredi",
        "Je passe commande demain",
        "Est-ce que le flacon se recharge ?",
        "Le siège de l'entreprise est à Nantes",
    ],
}
ENGLISH = {
    "positive": [
        "The product is great, I love it",
        "Not bad at all",
        "Never had a problem with them",
        "Delivery was fast and the staff were helpful",
        "Thank you so much, issue resolved in minutes",
        "Best cream I have ever used",
        "Late parcel but customer service was fantastic",
        "I would recommend it to anyone",
        "No complaints, works perfectly",
        "Really impressed 😍",
        "Can't fault the team",
        "It isn't bad, it's excellent",
        "Smooth and easy, well made",
        "Worth every penny",
    ],
    "negative": [
        "I do not recommend this at all",
        "Thanks for nothing, my parcel is lost",
        "Great, another delayed parcel. Well done.",
        "This is not good",
        "I don't like it",
        "Worst service ever",
        "What a joke, still waiting for my refund",
        "It doesn't work",
        "Awesome, charged twice for one order",
        "Never again",
        "The app is SO slow and buggy",
        "Rude staff and a faulty product",
        "I am not happy with the quality",
        "Brilliant... the website is down again",
        "Total scam, stay away",
        "Nobody answers, I am fed up",
        "Nice design but it broke after a day and support is useless",
    ],
    "neutral": [
        "The shop opens at nine on Monday",
        "Does anyone know where this is sold?",
        "They will publish their results on Wednesday",
    ],
}
CASES = [
    (language, sentence, tone)
    for language, table in (("fr", FRENCH), ("en", ENGLISH))
    for tone, sentences in table.items()
    for sentence in sentences
]


@pytest.mark.parametrize(("language", "sentence", "expected"), CASES, ids=[case[1] for case in CASES])
def test_tone(language: str, sentence: str, expected: str) -> None:
    tone = tone_of(text_of(sentence), language)
    assert tone.sentiment == expected, f"total {tone.total:.2f}"


def total(sentence: str, language: str = "fr") -> float:
    return tone_of(text_of(sentence), language).total


@pytest.mark.parametrize(
    ("milder", "stronger"),
    [
        ("le service est nul", "le service est NUL"),
        ("le service est nul", "le service est nuuuul"),
        ("le service est nul", "le service est vraiment nul"),
        ("le service est un peu nul", "le service est nul"),
        ("le service est nul", "le service est nul !!!"),
        ("le service est nul", "le service est nul 😡"),
    ],
)
def test_intensity(milder: str, stronger: str) -> None:
    assert total(stronger) < total(milder) < 0


def test_capitals_throughout_stress_nothing() -> None:
    assert total("LE SERVICE EST NUL") == total("le service est nul")


@pytest.mark.parametrize(
    "sentence", ["Merci bravo, encore une commande annulée", "Génial... trois semaines d'attente"]
)
def test_irony_is_told(sentence: str) -> None:
    assert tone_of(text_of(sentence), "fr").ironic


def test_sincere_praise_is_not_irony() -> None:
    assert not tone_of(text_of("Bravo à toute l'équipe, colis arrivé très vite et bien emballé"), "fr").ironic


def test_a_language_without_a_lexicon_is_told_by_emoji_only_and_with_little_confidence() -> None:
    unknown = tone_of(text_of("muy mal servicio"), "es")
    assert (unknown.sentiment, unknown.confidence) == (Sentiment.NEUTRAL, 0.2)
    assert tone_of(text_of("muy mal servicio 😡🤬"), "es").sentiment is Sentiment.NEGATIVE


def test_confidence_grows_with_the_margin_and_falls_with_contradiction() -> None:
    weak, strong = tone_of(text_of("bof"), "fr"), tone_of(text_of("service scandaleux et minable"), "fr")
    mixed = tone_of(text_of("service scandaleux, magasin agréable, vendeuse gentille"), "fr")
    assert weak.confidence < strong.confidence <= 1
    assert mixed.confidence < strong.confidence


@pytest.mark.parametrize(
    "text", ["", "   ", "!!!", "…", "@lumea https://x.test/nul", "\x00", "a" * 50_000, "👍" * 5000, "\u202e"]
)
def test_no_text_breaks_it(text: str) -> None:
    assert 0 <= tone_of(text_of(text), "fr").confidence <= 1
