"""What French words and phrases are worth, -4 (awful) to 4 (wonderful); written for this product.

`stem/e/s` lists the stem and its endings. Irony-prone praise is in `IRONIC`: said next to a grievance, it means the reverse.
"""

from __future__ import annotations

WORTH: dict[float, str] = {
    -3.5: """
        scandale/s, scandaleux, scandaleuse/s, honteux, honteuse/s, une honte, quelle honte, la honte, honte à vous, honte a eux,
        abject/e/s/es, ignoble/s, infâme/s, immonde/s, ordure/s, pourriture/s, dégueulasse/s, répugnant/e/s/es, révoltant/e/s/es,
        inadmissible/s, inacceptable/s, intolérable/s, inqualifiable/s, criminel/s, criminelle/s, écœurant/e/s/es, vomir,
        épouvantable/s, effroyable/s, monstrueux, monstrueuse/s, impardonnable/s, scandalisé/e/s/es, terrifiant/e/s/es, effrayant/e/s/es,
        cauchemar/s, cauchemardesque/s, catastrophe/s, catastrophique/s, désastre/s, désastreux, désastreuse/s, calamité/s,
        escroc/s, escroquerie/s, arnaque/s, arnaqueur/s, arnaqué/e/s/es, voleur/s, voleuse/s, vol manifeste, foutage de gueule,
        se fout de la gueule, se foutent de la gueule, se moque du monde, se moquent du monde, plus jamais, jamais plus,
        à fuir, fuyez, à vomir, poubelle, boycott, boycotter, boycottez, boycottons, pire expérience, pire service, le pire du pire
    """,
    -2.5: """
        nul/s, nulle/s, nullissime, naze/s, pourri/e/s/es, merde, merdique/s, minable/s, lamentable/s, pitoyable/s, déplorable/s, affreux,
        affreuse/s, horrible/s, horreur/s, atroce/s, exécrable/s, détestable/s, déteste, détester, haine, dégoûté/e/s/es, dégoûtant/e/s/es,
        irresponsable/s, amateurisme, hors de moi, hors d'eux, drame/s, failli tuer, failli mourir, aurait pu mourir, auraient pu mourir, prison,
        dégoût, furieux, furieuse/s, en colère, colère, énervé/e/s/es, énervant/e/s/es, insupportable/s, insulte/s, insultant/e/s/es,
        mensonge/s, menteur/s, menteuse/s, mentez, mentent, ment, trompeur/s, trompeuse/s, tromperie/s, trompé/e/s/es, fraude/s,
        mépris, méprisant/e/s/es, méprise/nt, irrespectueux, irrespectueuse/s, incompétent/e/s/es, incompétence, incapable/s,
        dangereux, dangereuse/s, toxique/s, toxicité, infect/e/s/es, pire/s, la cata, une blague, une plaisanterie, du grand n'importe quoi,
        n'importe quoi, inutilisable/s, invivable/s, maltraitance, maltraité/e/s/es, raciste/s, racisme, sexiste/s, sexisme, homophobe/s,
        harcèlement, harcelé/e/s/es, discrimination/s, humilié/e/s/es, humiliation, humiliant/e/s/es, intoxiqué/e/s/es, intoxication/s,
        brûlure/s, brûlé/e/s/es, blessé/e/s/es, blessure/s, empoisonné/e/s/es, explosé/e/s/es, a pris feu, prend feu, incendie/s,
        hospitalisé/e/s/es, à l'hôpital, aux urgences, merci pour rien, décès, décédé/e/s/es, vol de données, piraté/e/s/es, fuite de données, pigeon/s, prend pour des cons,
        prennent pour des cons, ras le bol, ras-le-bol, j'en ai marre, marre, honte
    """,
    -1.8: """
        déçu/e/s/es, décevant/e/s/es, déception/s, mauvais, mauvaise/s, mal, médiocre/s, bâclé/e/s/es, défectueux, défectueuse/s, défaillant/e/s/es,
        cassé/e/s/es, casse, abîmé/e/s/es, en panne, panne/s, hors service, bug/s, bugué/e/s/es, buggé/e/s/es, plante, planté/e/s/es,
        ne marche pas, marche pas, ne fonctionne pas, fonctionne pas, ne fonctionne plus, ne marche plus, marche plus, injoignable/s,
        introuvable/s, inexistant/e/s/es, absent/e/s/es, désagréable/s, impoli/e/s/es, malpoli/e/s/es, agressif/s, agressive/s, arrogant/e/s/es,
        odieux, odieuse/s, hautain/e/s/es, insatisfait/e/s/es, mécontent/e/s/es, plainte/s, porter plainte, porte plainte, réclamation/s, litige/s, perdu/e/s/es, volé/e/s/es,
        panique/nt, paniquer, paniqué/e/s/es, affolé/e/s/es, effondré/e/s/es, sous le choc, tremble, en pleurant, en larmes, saigne/nt, saignait, se moque/nt,
        ne répondez pas, silence total, silence radio, aucun mot, pas un mot, fichu/e/s/es, foutu/e/s/es, honteusement, c'est terminé pour moi, plus rien acheter,
        je n'achète plus, n'en veux plus, n'en veut plus, double débit, doubles débits, débité deux fois, débitée deux fois, prélevé deux fois, prélevée deux fois,
        galère, galères, arnaquer, gâché/e/s/es, gâchis, perte de temps, perte d'argent, ridicule/s, absurde/s, aberrant/e/s/es,
        hallucinant/e/s/es, malhonnête/s, abusif/s, abusive/s, abus, abusé, exagéré/e/s/es, indigne/s, regrette, regrettable/s, regrets,
        éviter, évitez, à éviter, fuir, peur, inquiétant/e/s/es, inquiet/s, inquiète/s, alarmant/e/s/es, grave/s, allergie/s, allergique/s, réaction allergique,
        irritation/s, irrité/e/s/es, malade/s, vomi/e, boutons, plaques rouges, démangeaisons, moisi/e/s/es, périmé/e/s/es, avarié/e/s/es, sale/s, crasseux, puant/e/s/es, pue,
        immangeable/s, dégueu, ça craint, craint, bof bof, mort/s, morte/s, illégal/e/s, illégaux, licencié/e/s/es, licenciement/s, sans réponse, aucune réponse,
        pas de réponse, personne ne répond, aucun respect, aucune excuse, zéro pointé, aucune considération, ne répond pas, ne répondent pas,
        répond pas, lâché/e/s/es, trahi/e/s/es, trahison, polémique/s, indigné/e/s/es, indignation, choqué/e/s/es, choquant/e/s/es, dommage
    """,
    -1.0: """
        bof, moyen, moyenne, moyennement, lent/e/s/es, lenteur, trop cher, trop chère/s, hors de prix, cher pour ce que c'est, compliqué/e/s/es,
        problème/s, souci/s, retard/s, en retard, attends toujours, attend toujours, j'attends encore, toujours pas, toujours rien, annulé/e/s/es, erreur/s, défaut/s,
        fade/s, sans goût, triste/s, ennuyeux, ennuyeuse/s, gênant/e/s/es, gêné/e/s/es, pénible/s, fatigué/e/s/es, lassant/e/s/es, limite, louche/s,
        douteux, douteuse/s, suspect/e/s/es, risqué/e/s/es, critique/s, critiqué/e/s/es, remboursement refusé, refus, refuse/nt, refusé/e/s/es, bloqué/e/s/es,
        manque, manquant/e/s/es, oublié/e/s/es, rupture, surtaxé/e/s, médiocrement, pas terrible, pas fameux, pas top, pas ouf, pas génial, pas glop, pas folichon,
        pas à la hauteur, peut mieux faire, sans plus, rien d'exceptionnel, rien de fou, laisse à désirer, laissent à désirer, boulet/s, galéré, jamais vu, du jamais vu, excuses bidon, bidon
    """,
    0.8: """
        correct/e/s/es, honnête/s, convenable/s, ok, okay, pas mal, plutôt bien, pas mauvais, pas mauvaise, ça va, acceptable/s, raisonnable/s, sympa/s, sympathique/s,
        intéressant/e/s/es, pas de souci, pas de soucis, pas de problème, aucun souci, aucun problème, aucune inquiétude, sans souci, sans problème, sans accroc,
        pas déçu/e/s/es, pas cher, pas chère, bon rapport qualité prix, espoir, hâte, curieux de, curieuse de, prometteur/s, prometteuse/s
    """,
    1.8: """
        bon, bonne/s, bons, bien, beau, belle/s, beaux, joli/e/s/es, agréable/s, content/e/s/es, contente, heureux, heureuse/s, satisfait/e/s/es, satisfaction, ravi/e/s/es,
        aime, aimé, aimons, j'adore, adore/nt, adoré, adorable/s, apprécie/nt, apprécié/e/s/es, plaisir, recommande/nt, recommandé, je recommande, conseille, efficace/s,
        rapide/s, rapidement, réactif/s, réactive/s, réactivité, pro, professionnel/s, professionnelle/s, poli/e/s/es, aimable/s, gentil/s, gentille/s, serviable/s,
        à l'écoute, souriant/e/s/es, disponible/s, soigné/e/s/es, solide/s, fiable/s, pratique/s, utile/s, simple et efficace, délicieux, délicieuse/s, savoureux, bonnes,
        savoureuse/s, fraîcheur, doux, douce/s, confortable/s, qualité au rendez-vous, bonne qualité, belle qualité, de qualité, fidèle/s, confiance, rassuré/e/s/es, rassurant/e/s/es,
        réglé/e/s/es, résolu/e/s/es, remboursé rapidement, livré rapidement, livrée rapidement, en avance, impressionné/e/s/es, réussi/e/s/es, réussite, succès, remercie,
        rien à redire, rien à dire, aucun défaut, nickel, impec, au top, cool, chouette/s, canon, validé/e, j'approuve, fier/s, fière/s, soulagé/e/s/es, bonne surprise, agréablement surpris
    """,
    2.8: """
        exceptionnel/s, exceptionnelle/s, extraordinaire/s, incroyable/s, fabuleux, fabuleuse/s, sublime/s, remarquable/s, irréprochable/s, inégalable/s, sensationnel/s,
        sensationnelle/s, je suis fan, fan absolu/e, coup de cœur, pépite/s, une tuerie, c'est de la bombe, de la bombe, ça déchire, ouf de malade, trop bien, trop bon, trop bonne, trop beau,
        trop belle, top du top, les meilleurs, le meilleur, la meilleure, meilleur/s, meilleure/s, hâte de recommencer, les yeux fermés, jamais déçu/e/s/es, jamais été déçu/e/s/es, un régal, régal, me régale, chapeau,
        jamais eu de problème, jamais eu de souci, vous sauvez, mille mercis, merci infiniment, un grand merci, merci beaucoup à toute l'équipe, mort de rire, morte de rire, mdr
    """,
}

IRONIC: dict[float, str] = {
    1.5: "bravo, bravo à vous, merci, merci bien, félicitations, bien joué, champions, champion, c'est beau, quelle classe, la classe, chic, sympa le, sympa la",
    2.3: """
        super, génial/e/s/es, géniaux, formidable/s, magnifique/s, parfait/e/s/es, excellent/e/s/es, top, merveilleux, merveilleuse/s, fantastique/s, admirable/s, brillant/e/s,
        quel bonheur, quel plaisir, quelle réussite, chapeau bas, chapeau l'artiste, splendide/s, impeccable/s, merci beaucoup, excellence
    """,
}

GRIEVANCES = """
    attente, attends, attendre, attendu, attendons, heures au téléphone, depuis des semaines, depuis des jours, depuis un mois, depuis des mois, depuis hier, semaines, en retard, retard/s, panne, annulé/e, annulation,
    perdu/e, cassé/e, remboursement, remboursé/e, rembourser, bloqué/e, toujours pas, toujours rien, encore une fois, pour rien, comme d'habitude, aucune nouvelle, aucune réponse,
    facturé/e, débité/e, prélevé/e, raté/e, oublié/e, erreur, problème, souci, mauvaise taille, mauvais produit, vide, hausse, augmentation, augmenter, fermé/e, brisé/e, miettes, en morceaux, troué/e,
    jamais reçu, jamais arrivé, pas reçu, pas arrivé, rappelez, répondeur, musique d'attente, trois fois, deux fois, le froid, écran noir
"""

NEGATORS = "pas, point, jamais, aucun, aucune, sans, ni, guère, nullement, zéro"
AFTER_NEGATORS = "pas, plus, jamais, guère, rien, aucun, aucune, aucunement, point"
NE = "ne, n"
STRONGER = """
    très, trop, vraiment, tellement, hyper, ultra, extrêmement, archi, grave, tout simplement, totalement, complètement, absolument, carrément,
    particulièrement, profondément, si, tant, aussi, franchement, clairement, parfaitement, fort, beaucoup, juste, vachement
"""
WEAKER = "un peu, assez, plutôt, légèrement, relativement, moyennement, presque, parfois, quelquefois"
TURNS = "mais, cependant, pourtant, toutefois, sauf que, par contre, en revanche, néanmoins, malheureusement, hélas"
