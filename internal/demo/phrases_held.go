package demo

// heldPhrasebook is what reports of seeds from FirstHeld on are made of. Who
// tunes what reads reports works on the other book and leaves this one closed.
var heldPhrasebook = map[string]*phrases{"en": heldEnglish(), "de": heldGerman(), "es": heldSpanish(), "fr": heldFrench()}

func heldEnglish() *phrases {
	p := newPhrases(`
login = get into my account ; log myself on | logging on ; the sign-in screen
account = look at my personal details ; reach the my-account area | the my-account area ; my personal details
category = flick through a department ; see what is in a category | the department listing ; the category overview
product = view an article ; see an item's details | the article page ; the item view
search = find an item ; look something up | the search results ; looking things up
cart = view my basket ; check what is in my cart | the basket ; my shopping basket
add-to-cart = place goods in my basket ; add a product to the cart | putting goods into the basket ; the "add" button
stock = find out if it is available ; see how many are left | the availability display ; the in-stock information
voucher = apply my gift code ; enter a coupon | the coupon ; my gift code
address = fill in where to deliver ; let it complete my address | the address completion ; the delivery address form
shipping-quote = find out what delivery costs ; see the postage | the postage ; the delivery costs
checkout = finish my purchase ; submit the order | submitting the order ; the last step of the order
pay = settle the bill ; put my card through | the card payment ; settling the bill
orders = look at my past purchases ; list what I ordered | my purchase history ; the overview of my orders
order = see what became of an order ; view a single order | the view of a single order ; the order status page`,
		`something went wrong, that is all I see when I want to {do}
{thing} keeps failing on me
could not {do}, three tries, same red box each time
there is an internal failure with {thing}`,
		`{thing} sits there loading and never finishes
waited and waited to {do}, in the end it said the request took too long
a never-ending wheel instead of {thing}`,
		`{thing} has become painfully sluggish
having to wait ages in order to {do} is no fun
{thing} crawls, every click takes seconds`,
		`I am kicked out as soon as I want to {do}
access denied, that is what I read when I want to {do}
it refuses me: not authenticated, although my password is right. I only wanted to {do}`,
		`our users are told that the allowance is used up when they want to {do}
"slow down, too many calls", I am told, and all I did was to {do}
{thing} is throttled, we can hardly get through`,
		`{thing} is blank, and I know there is something in it
I can {do} but what I see is not right: zero entries
no entries at all in {thing}, yesterday they were there`,
		`{thing} rejects a perfectly good entry
unable to {do}, it insists that something is missing, and nothing is
validation failed, I read, whenever I want to {do}`)
	p.vague = listed(`this thing is driving me mad, it just will not go
~ there seems to be a hiccup on your side
not able to get anything done here
~ the app acts up
~ please check, something is off`)
	p.open = listed(`good afternoon
I thought I should let you know
second message from me on this`)
	p.close = listed(`hoping for a quick repair
tell me if you need more details
colleagues of mine see the same
thank you`)
	p.morning = listed(`the trouble has been there since the morning
all morning it has been going on`)
	p.coded = listed(`the code was {code}
HTTP {code}, whatever that means
in small print there is a {code}`)
	p.chatter = listed(`an app for my watch would be brilliant
the kettle I bought stopped heating after two weeks, who handles the warranty?
please take me off your mailing list
great service by your chat team yesterday
the parcel service's website fails when I type in my tracking number
nobody picks up on your phone line, it just cuts off
the attachment of your last mail can not be opened
your television advert crashed my smart TV, no joke
I would like to filter by colour
the phone number in your footer has a digit too many
when will the wool blanket be back in green?
your packaging uses far too much plastic
may I collect an order in your store in person?
the instructions for the garden chair are missing a page`)
	p.greeting = listed(`Good morning,
To whom it may concern,
Hey there,`)
	return p
}

func heldGerman() *phrases {
	p := newPhrases(`
login = in mein Konto hinein ; mich anmelden und loslegen | das Einloggen ; die Anmeldemaske
account = meine persönlichen Daten sehen | der Bereich "Mein Konto"
category = in einer Abteilung stöbern | die Übersicht der Abteilung
product = einen Artikel ansehen | die Artikelansicht
search = einen Artikel finden | die Suchergebnisse ; die Artikelsuche
cart = in meinen Einkaufskorb schauen | der Einkaufskorb
add-to-cart = Ware in den Korb tun | der Knopf "In den Korb"
stock = wissen, ob etwas lieferbar ist | die Anzeige, ob etwas lieferbar ist
voucher = meinen Rabattcode anwenden | der Rabattcode
address = meine Lieferanschrift ausfüllen | die Vervollständigung der Anschrift
shipping-quote = das Porto erfahren | die Lieferkosten ; das Porto
checkout = den Kauf abschließen | der letzte Bestellschritt
pay = die Rechnung begleichen ; mit Karte zahlen | die Kartenzahlung
orders = meine früheren Einkäufe sehen | die Übersicht meiner Einkäufe
order = nachsehen, was aus einer Bestellung wurde | die Ansicht einer einzelnen Bestellung`,
		`"Da ist etwas schiefgelaufen", mehr sehe ich nicht, wenn ich {do} will
{thing} scheitert jedes Mal`,
		`{thing} lädt und lädt und wird nie fertig
ich wollte {do} und warte mir die Finger wund, bis die Zeit überschritten ist`,
		`{thing} ist zäh wie Kaugummi geworden
jeder Klick dauert Sekunden, wenn ich {do} will`,
		`Zugriff verweigert, lese ich, sobald ich {do} will
ich fliege raus, obwohl mein Passwort stimmt, ich wollte nur {do}`,
		`angeblich ist unser Kontingent aufgebraucht, wenn wir {do} wollen
{thing} wird gedrosselt, wir kommen kaum durch`,
		`{thing} zeigt null Einträge, gestern war noch alles da
ich kann zwar {do}, sehe aber nichts darin`,
		`{thing} weist eine richtige Eingabe zurück
angeblich fehlt ein Feld, wenn ich {do} will`)
	p.vague = listed(`~ hier läuft gerade gar nichts rund
~ bitte prüfen, da hakt etwas
ich komme einfach nicht weiter`)
	p.open = listed(`ich wollte nur Bescheid geben
zweite Nachricht zu dem Thema`)
	p.close = listed(`über eine schnelle Lösung freue ich mich
Kollegen geht es genauso`)
	p.morning = listed(`den ganzen Morgen schon`)
	p.coded = listed(`der Code war {code}
HTTP {code} steht da`)
	p.chatter = listed(`wann gibt es die Decke wieder in Grün?
der Wasserkocher ist nach zwei Wochen defekt, wer macht die Garantie?
der Anhang eurer letzten Mail lässt sich nicht öffnen
die Webseite des Paketboten bricht ständig ab
bitte nehmt mich aus dem Verteiler
toller Service gestern im Chat`)
	p.greeting = listed(`Sehr geehrte Damen und Herren,
Moin,`)
	return p
}

func heldSpanish() *phrases {
	p := newPhrases(`
login = entrar en mi cuenta | la pantalla de acceso
account = consultar mis datos personales | el área de mi cuenta
category = curiosear en una sección | el listado de la sección
product = mirar un artículo | la ficha del artículo
search = encontrar un artículo | los resultados de búsqueda
cart = mirar mi cesta | la cesta
add-to-cart = meter algo en la cesta | el botón de añadir a la cesta
stock = saber si está disponible | el aviso de disponibilidad
voucher = canjear un código de descuento | el código de descuento
address = rellenar la dirección de entrega | el autocompletado de la dirección
shipping-quote = saber cuánto cuesta la entrega | el coste de la entrega
checkout = completar la compra | el último paso de la compra
pay = abonar la compra con tarjeta | el pago con tarjeta
orders = consultar mis compras anteriores | el historial de compras
order = ver qué fue de un pedido | la vista de un pedido`,
		`algo salió mal, es lo único que veo al {do}
{thing} falla cada vez`,
		`{thing} no termina nunca de cargar
esperé y esperé para {do} y al final se agotó el tiempo`,
		`{thing} se ha vuelto muy pesado, cada clic tarda segundos
hay que esperar una eternidad para {do}`,
		`acceso denegado, leo al {do}
me echa aunque mi contraseña es correcta, solo quería {do}`,
		`dicen que nuestro cupo está agotado al {do}
{thing} está limitado, casi no pasamos`,
		`{thing} sale con cero resultados, ayer estaban
puedo {do} pero no hay nada dentro`,
		`{thing} rechaza un dato correcto
dice que falta un campo al {do}, y no falta`)
	p.vague = listed(`no consigo hacer nada aquí
~ revisen, algo pasa de su lado`)
	p.open = listed(`buenas tardes, les escribo para avisar`)
	p.close = listed(`espero una solución rápida
gracias de antemano`)
	p.morning = listed(`llevamos así toda la mañana`)
	p.coded = listed(`el código era {code}`)
	p.chatter = listed(`¿cuándo vuelve la manta en verde?
quiero darme de baja del boletín
el adjunto de su último correo no se abre
muy buen trato ayer en el chat`)
	p.greeting = listed(`Estimados señores:
Buenas:`)
	return p
}

func heldFrench() *phrases {
	p := newPhrases(`
login = entrer dans mon espace | l'écran d'identification
account = consulter mes données personnelles | l'espace personnel
category = parcourir un rayon | la liste du rayon
product = regarder un article | la fiche de l'article
search = trouver un article | les résultats de recherche
cart = regarder mon caddie | le caddie
add-to-cart = mettre quelque chose dans le caddie | le bouton pour ajouter au caddie
stock = savoir s'il est disponible | l'indication de disponibilité
voucher = appliquer un code promo | le code promo
address = remplir l'adresse de livraison | la complétion de l'adresse
shipping-quote = connaître le prix de la livraison | le prix de la livraison
checkout = terminer mon achat | la dernière étape de l'achat
pay = régler par carte | le règlement par carte
orders = consulter mes achats passés | l'historique de mes achats
order = suivre une commande précise | la page de suivi d'une commande`,
		`une erreur est survenue, voilà tout ce que je vois pour {do}
{thing} échoue à chaque fois`,
		`{thing} tourne dans le vide et ne finit jamais
j'ai attendu longtemps pour {do}, puis délai dépassé`,
		`{thing} rame, chaque clic prend des secondes
que c'est long pour {do}`,
		`accès refusé dès que je veux {do}
on me met dehors alors que mon mot de passe est bon, je voulais juste {do}`,
		`on nous dit que le quota est épuisé pour {do}
{thing} est bridé, on ne passe presque plus`,
		`{thing} affiche zéro résultat, hier tout y était
je peux {do} mais il n'y a rien dedans`,
		`{thing} rejette une saisie correcte
il manquerait un champ pour {do}, et pourtant non`)
	p.vague = listed(`je n'arrive à rien faire ici
~ merci de vérifier, quelque chose cloche`)
	p.open = listed(`je voulais vous prévenir`)
	p.close = listed(`en espérant une réparation rapide
mes collègues ont la même chose`)
	p.morning = listed(`toute la matinée c'est ainsi`)
	p.coded = listed(`le code était {code}`)
	p.chatter = listed(`quand la couverture revient-elle en vert ?
merci de me retirer de votre liste de diffusion
la pièce jointe de votre dernier message ne s'ouvre pas
très bon accueil hier sur le chat`)
	p.greeting = listed(`Chers messieurs dames,
Bonsoir,`)
	return p
}
