package evidence

import "strings"

// The two tables of words below are read by text.go. Words are folded: lower
// case, without accents, ß as ss. A trailing * stands for any ending; several
// words are a phrase. Languages: English, German, Spanish, French, Italian,
// Portuguese and Dutch. What is missing costs agreement, never truth: a call
// without any word in common is still found by whose it was, when it was and
// how abnormal it was.

// concepts say what people call the parts of a product; the operations of
// calls are read by the same words, from their paths and names.
var concepts = table(map[string]string{
	"payment":      `pay, paid, pays, paying, payment*, card, cards, charge, charged, charges, billing, bezahl*, zahlen, zahl, zahle, zahlt, zahlte, zahlung*, karte, kreditkart*, abgebucht, abbuch*, pagar, pago, pagos, pague, pagando, tarjeta*, cobr*, paiement*, payer, paye, payes, carte, bancaire, prelev*, pagamento*, pagare, carta di credito, cartao, betal*, betaling*, paypal, visa, mastercard, 3d, 3ds, sepa, iban, authorise, authorize`,
	"checkout":     `checkout*, check out, checking out, place the order, place my order, placing the order, complete the order, complete my order, complete the purchase, complete my purchase, purchase, buy, buying, kasse, kaufen, kaufe, einkauf, bestellvorgang, bestellung abschliessen, bestellung abschicken, caja, finalizar la compra, comprar, compra, tramitar, caisse, acheter, achat, valider la commande, passer commande, acquist*, comprare, cassa, afreken*, afrekenen`,
	"cart":         `cart, carts, basket*, bag, warenkorb*, einkaufswagen, korb, carrito, cesta, panier*, carrello, carrinho, winkelwagen*, mandje`,
	"order":        `order, orders, ordered, bestell*, auftrag, auftrage, pedido*, encargo, commande*, ordine, ordini, encomenda*, bestelling*, purchases, order history, order confirmation`,
	"search":       `search*, suche, suchen, sucht, suchte, suchergebnis*, suchfunktion, gesucht, find any*, find nothing, find the, find my, can t find, cannot find, couldn t find, could not find, finde nicht*, finde kein*, findet nicht*, buscar, busco, busqueda*, buscador, busque, recherch*, chercher, cherche, cerca, cercare, ricerca, pesquisa*, zoek*, looking for, look for, query, results, treffer, resultad*, resultat*`,
	"login":        `login*, log in, logs in, logging in, logged in, logged out, log me out, logs me out, log out, logout, sign in, signing in, signed in, signed out, sign me in, signin, sign on, auth, authentic*, oauth, token, tokens, session, sessions, password*, anmeld*, angemeldet, abgemeldet, einlogg*, eingeloggt, ausgeloggt, passwort*, kennwort, iniciar sesion, inicio de sesion, sesion, contrasena, connexion, connecter, connecte, deconnect*, mot de passe, accesso, accedere, entrar, inlog*, ingelogd, uitgelogd, wachtwoord, face id, code by sms`,
	"account":      `account*, profile, profiles, konto*, profil, mein konto, kundenkonto, cuenta*, perfil, compte*, settings, einstellungen, ajustes, parametres, users, user, customer*, kunde*, personal data, my data, meine daten, mis datos, mes donnees, instellingen`,
	"shipping":     `ship, ships, shipped, shipping*, shipment*, deliver*, delivery, versand*, verschick*, liefer*, geliefert, envio*, enviar, entrega*, livraison*, livre, livrer, expedi*, consegn*, spedizion*, verzend*, bezorg*, parcel*, paket*, paquete, colis, tracking, courier`,
	"address":      `address*, adress*, direccion*, indirizzo, endereco, adres, postcode*, postal code, post code, zip, zip code, plz, postleitzahl, codigo postal, code postal, street, strasse, calle, rue, house number, hausnummer, city`,
	"voucher":      `voucher*, coupon*, discount*, promo*, gutschein*, rabatt*, cupon*, descuento*, codigo promocional, codigo de descuento, bon de reduction, code promo, code de reduction, reduction, remise, buono, sconto, korting*, waardebon, gift card, geschenkkarte`,
	"product":      `product*, item, items, article*, artikel*, produkt*, produit*, prodott*, articulo*, catalog*, katalog*, category, categories, kategorie*, categori*, listing*, sku, assortment, sortiment`,
	"stock":        `stock, stocks, inventory, availab*, in stock, out of stock, sold out, verfugbar*, bestand, lager*, auf lager, vorratig, ausverkauft, existencias, disponib*, agotado, inventario, en stock, rupture, voorraad, esaurito`,
	"return":       `refund*, return, returns, returned, returning my, ruckgabe, rucksend*, zurucksend*, retoure*, erstatt*, ruckerstatt*, reembols*, devolucion*, devolver, rembours*, retour*, reso, rimbors*, terugbetal*`,
	"invoice":      `invoice*, rechnung*, factur*, facture*, fattura*, fatura, factuur, receipt*, beleg*, quittung*, recibo*, recu`,
	"upload":       `upload*, attach*, attachment*, photo*, picture*, image*, bild, bilder, hochlad*, foto*, subir, imagen*, adjunt*, fichier*, televers*, immagin*, caricare, imagem, bestand*, file, files, document*, datei*, dokument*`,
	"message":      `message*, chat*, notification*, nachricht*, benachrichtig*, mensaje*, notificacion*, notific*, bericht, berichten, mail, mails, email, e mail, correo, courriel`,
	"report":       `report, reports, reporting, export*, download*, dashboard*, auswertung*, herunterlad*, runterlad*, informe*, descarg*, rapport*, telecharg*, scaric*, csv, pdf, statistic*, statisti*`,
	"booking":      `booking*, book, booked, reserv*, buchen, buchung*, gebucht, termin*, appointment*, calendar*, kalender*, cita, citas, rendez vous, rdv, prenot*, afspraak`,
	"price":        `price*, preis*, precio*, prix, prezz*, preco*, prijs*, quote, quotes, tax, taxes, vat, steuer, mwst`,
	"wishlist":     `wishlist*, wish list, favorit*, favourite*, merkliste, merkzettel, wunschliste, lista de deseos, deseos, liste d envies, preferiti, saved items`,
	"review":       `review, reviews, rating*, bewertung*, resena*, valoracion*, avis, recension*, beoordel*`,
	"subscription": `subscri*, abo, abos, abonn*, suscri*, abbonament*, assinatura*, plan, plans, tarif*`,
	"status":       `status, state of, progress, stand der, estado de, etat de`,
})

// near are concepts that people say for each other: to pay is to check out.
var near = map[[2]string]float64{
	{"payment", "checkout"}: .6, {"order", "checkout"}: .6, {"cart", "checkout"}: .45, {"payment", "order"}: .3,
	{"login", "account"}: .6, {"product", "search"}: .4, {"product", "stock"}: .5, {"shipping", "address"}: .4,
	{"shipping", "order"}: .3, {"voucher", "checkout"}: .3, {"voucher", "cart"}: .3, {"price", "cart"}: .3, {"price", "product"}: .3,
	{"invoice", "order"}: .3, {"invoice", "payment"}: .3, {"return", "order"}: .3, {"shipping", "checkout"}: .35, {"address", "account"}: .3,
	{"address", "checkout"}: .3, {"stock", "cart"}: .2, {"status", "order"}: .3,
}

// A symptom is what a failure looks like to whoever meets it.
type symptom string

const (
	slow     symptom = "slow"     // it works, late
	hanging  symptom = "hanging"  // it never ends
	broken   symptom = "broken"   // an error
	denied   symptom = "denied"   // not let in
	limited  symptom = "limited"  // too many, too often
	wrong    symptom = "wrong"    // it answers something wrong
	rejected symptom = "rejected" // what was entered is refused
)

// symptoms are the words by which people tell them.
var symptoms = table(map[string]string{
	string(slow):     `slow*, sluggish, lag, lags, laggy, lagging, takes forever, took forever, takes ages, took ages, taking ages, takes so long, took so long, takes too long, took too long, takes a long time, takes minutes, very long, seconds to, long time to load, loads for, crawl*, langsam*, lahm, trage, zah, dauert, dauerte, ewig*, ladezeit*, lange laden, warte ewig, ruckelt, lento*, lenta*, lentitud, tarda*, tarde, demora*, lent, lente, lentes, lenteur, rame, ramait, met du temps, met une eternite, prend du temps, trop long, des plombes, lentissim*, devagar, demorad*, traag, duurt, to respond, to load, wait and wait, waiting ages, several seconds, patience`,
	string(hanging):  `hang, hangs, hung, hanging, spin, spins, spinning, spinner*, freez*, froze, frozen, stuck, timeout*, time out, timed out, times out, never finish*, never load*, never end*, never come*, never stop*, nothing happens, nothing happened, kept loading, keeps loading, loads forever, loading forever, endless*, gave up, gives up, wheel, circle, loads and loads, no response, does not respond, not responding, hangt, haengt, hing, bleibt hangen, hangen, aufgehangt, dreht sich, ladt und ladt, ladt endlos, ladt ewig, nichts passiert, passiert nichts, tut sich nichts, zeituberschreitung*, zeituberschritten, reagiert nicht, keine reaktion, sanduhr, kringel, colgad*, se cuelga, se queda, se quedo, cargando, no responde, no pasa nada, no termina, rueda, da vueltas, tourne, mouline, sablier, bloque, fige*, gele*, ne repond pas, ne repond plus, rien ne se passe, sans fin, ne finit jamais, si blocca, bloccato, non risponde, trava*, travou, loopt vast, vastgelopen, blijft laden`,
	string(broken):   `error*, err, fail*, crash*, went wrong, broken, broke, breaks, does not work, doesn t work, not work*, didn t work, did not work, no longer works, stopped working, won t work, won t load, not load*, cannot, can t, couldn t, could not, unable, unavailable, oops, exception*, bug, bugs, server problem, internal server, bad gateway, down, outage, problem*, fehler*, kaputt, defekt, geht nicht*, ging nicht*, klappt nicht*, funktioniert nicht*, funktionier* nicht*, lasst sich nicht, kann nicht*, konnte nicht*, gescheitert, fehlgeschlagen, storung*, absturz*, abgesturzt, schief, nicht erreichbar, nicht verfugbar, nicht moglich, no funciona*, no carga*, no me deja, no puedo, no pude, no se puede, fallo*, falla*, fallado, roto, rota, averiad*, imposible, problema*, erreur*, ne marche pas, ne marche plus, marche pas, ne fonctionne pas, ne fonctionne plus, fonctionne pas, plante*, panne, impossible, echec*, echoue*, indisponible*, probleme*, non funziona*, errore*, guasto, nao funciona, erro, erros, werkt niet, fout*, storing, kapot, gaat niet, lukt niet`,
	string(denied):   `denied, forbidden, unauthor*, not authori*, not allowed, no access, access denied, not permitted, permission*, logged out, signed out, logs me out, kicked out, kicks me out, locked out, thrown out, log in again, sign in again, can t log in, can t sign in, cannot log in, cannot sign in, can not log in, unable to log in, unable to sign in, couldn t log in, won t let me in, let me in, not let in, login fail*, login no longer, session expired, session has expired, wrong password, credentials, verweigert, nicht berechtigt, berechtigung*, kein zugriff, keinen zugriff, zugriff, abgemeldet, ausgeloggt, rausgeworfen, fliege raus, ausgesperrt, nicht anmelden, nicht einloggen, anmeldung, neu anmelden, erneut anmelden, komme nicht rein, denegado, prohibido, no autorizad*, permiso*, sin acceso, sesion, cierra la sesion, me echa, no me deja entrar, entrar, iniciar sesion, refuse l acces, acces refuse, acces interdit, interdit, non autorise, deconnect*, me connecter, connexion, session expiree, negato, accesso negato, acesso negado, geen toegang, uitgelogd, inloggen`,
	string(limited):  `too many*, too often, quota*, limit, limits, limited, limiting, limit reached, throttl*, rate limit*, try again later, try again in, slow down, blocked, allowance, exceeded, exceeds, zu viele*, zu oft, kontingent*, aufgebraucht, ausgeschopft, limit erreicht, gesperrt, blockiert, spater noch einmal, spater erneut, uberschritten, demasiad*, limite, cuota, excedid*, superad*, agotad*, bloquead*, intentelo mas tarde, mas tarde, trop de, depasse*, limite, plus tard, reessay*, bloque*, troppe, troppi, superato, muitas, muitos, te veel, limiet, later opnieuw`,
	string(wrong):    `wrong*, missing, empty, gone, disappeared, vanished, incorrect*, lost, not there, isn t there, not shown, not showing, doesn t show, does not show, shows nothing, nothing in, no results, zero results, nothing found, 0 results, someone else s, duplicate*, twice, outdated, stale, old data, not updated, mixed up, nothing there, blank, nothing comes up, nothing shows up, nothing is shown, nothing appears, falsch*, fehlt, fehlen, fehlte, fehlten, leer, leere, leeren, weg, verschwunden, nicht mehr da, nicht da, keine treffer, keine ergebnisse, nichts gefunden, findet nichts, zeigt nichts, nichts angezeigt, nichts zu sehen, erscheint nichts, nicht angezeigt, doppelt, veraltet, stimmt nicht, stimmen nicht, vacio*, vacia*, falta, faltan, desapareci*, ha desaparecido, incorrect*, no aparece*, no se ve nada, no sale nada, no muestra nada, no se muestra, sin resultados, no encuentra*, ningun resultado, perdid*, equivocad*, vide, vides, disparu*, manque*, faux, fausse*, aucun resultat, ne trouve rien, ne trouve plus, n apparait pas, n apparaissent pas, n affiche rien, ne s affiche, rien n apparait, plus rien, perdu*, vuoto, vuota, mancan*, sparit*, sbagliat*, vazi*, sumiu, leeg, verdwenen, ontbreekt, klopt niet`,
	string(rejected): `reject*, not accepted, doesn t accept, does not accept, won t accept, won t take, doesn t take, not take my, refuse*, invalid*, not valid, required field, is required, validation, complains, complained, declined, says my, is not recognised, not recognized, ungultig*, nicht angenommen, nicht akzeptiert, nimmt nicht an, nicht an, abgelehnt, abgewiesen, lehnt ab, zuruckgewiesen, pflichtfeld*, eingabe*, wird nicht erkannt, no acepta*, rechaz*, no valid*, invalid*, campo obligatorio, no admite, rejet*, refus*, n accepte pas, n est pas accepte*, pas valide, non valide, non valable, champ obligatoire, rifiut*, non valid*, recus*, geweigerd, ongeldig*, niet geaccepteerd`,
})

// table parts the words of each entry.
func table(words map[string]string) map[string][]string {
	out := make(map[string][]string, len(words))
	for name, list := range words {
		for w := range strings.SplitSeq(list, ",") {
			if w = strings.TrimSpace(w); w != "" {
				out[name] = append(out[name], w)
			}
		}
	}
	return out
}
