package demo

// phrasebook is what reports of seeds below FirstHeld are made of.
var phrasebook = map[string]*phrases{"en": openEnglish(), "de": openGerman(), "es": openSpanish(), "fr": openFrench()}

func openEnglish() *phrases {
	p := newPhrases(`
login = log in ; sign in to my account | the login ; signing in
account = open my account page ; see my profile | my account page ; the profile page
category = browse a category ; look through the categories | the category page ; the list of a category
product = open a product ; look at a product | the product page ; the page of the item
search = search for something ; use the search | the search ; the search box
cart = open my cart ; look at my basket | my cart ; the shopping cart
add-to-cart = add an item to my cart ; put something into the basket | adding to the cart ; the add to cart button
stock = see whether it is in stock ; check the stock | the stock check ; the availability
voucher = redeem my voucher ; use a voucher code | the voucher ; my voucher code
address = enter my address ; pick my address from the suggestions | the address suggestions ; the address field
shipping-quote = see the shipping costs ; get a shipping quote | the shipping costs ; the delivery price
checkout = check out ; place my order | the checkout ; placing the order
pay = pay for my order ; complete the payment | the payment ; paying
orders = see my orders ; open my order history | my order list ; the order history
order = open one of my orders ; see the details of an order | the order details ; the page of my order`,
		`I wanted to {do} but only got an error message
{thing} does not work, an error comes up every time
each time I try to {do} it fails with an error
{thing} is broken`,
		`I tried to {do} and it just kept loading until it gave up
{thing} hangs for ages and then nothing
the spinner never stops when I try to {do}
{thing} times out`,
		`{thing} is terribly slow
it takes forever to {do}
{thing} needs many seconds, this used to be quick`,
		`I get thrown out when I try to {do}, it says not authorised
the app says my session is invalid when I want to {do}
I can no longer {do}, it tells me to sign in again and again`,
		`it says too many requests when I try to {do}
{thing} is blocked, it says I should try again later because of a limit
we get limit exceeded when we want to {do}`,
		`{thing} comes up empty although there should be something
{thing} shows nothing, but no error either
when I {do} everything is gone, the list is empty`,
		`when I try to {do} it says my data is invalid, but everything is filled in
{thing} refuses what I entered as not valid
it will not let me {do}, it claims that a field is missing`)
	p.vague = listed(`it does not work
your site is broken again
~ something is wrong with the app
nothing works any more, please have a look
~ I keep having trouble in the shop`)
	p.open = listed(`hello, I have a problem
sorry to bother you
not sure whether you know already`)
	p.close = listed(`please fix this
I am using the newest version
this is quite annoying
can you help?`)
	p.morning = listed(`it has been like this since this morning
this started some time this morning`)
	p.coded = listed(`it says error {code}
the page shows {code}
status {code}`)
	p.chatter = listed(`it would be great if the shop had a dark mode
my parcel arrived with a torn box, can I get a refund?
how can I change the e-mail address of my newsletter?
I love the new design, well done
please add gift wrapping as an option
there is a spelling mistake on the imprint page
do you deliver to Norway?
the sizes of your shirts run small
could you offer payment by invoice for companies?
the tracking page of the courier shows an error
the link in your newsletter leads to a page that does not exist
your hotline kept me waiting for ages and then hung up
the invoice that you mailed me is broken, I can not open the file
the courier left my parcel with the wrong neighbour`)
	p.greeting = listed(`Hello,
Dear support team,
Hi,`)
	return p
}

func openGerman() *phrases {
	p := newPhrases(`
login = mich anmelden ; mich einloggen | die Anmeldung ; der Login
account = mein Konto öffnen | meine Kontoseite ; mein Konto
category = eine Kategorie ansehen | die Kategorieseite
product = ein Produkt öffnen | die Produktseite
search = etwas suchen | die Suche
cart = meinen Warenkorb öffnen | der Warenkorb
add-to-cart = etwas in den Warenkorb legen | das Hinzufügen zum Warenkorb
stock = den Bestand prüfen | die Verfügbarkeit ; der Lagerbestand
voucher = meinen Gutschein einlösen | der Gutschein ; der Gutscheincode
address = meine Adresse eingeben | die Adressvorschläge
shipping-quote = die Versandkosten sehen | die Versandkosten ; die Versandkostenberechnung
checkout = die Bestellung abschicken ; zur Kasse gehen | die Kasse ; der Bestellabschluss
pay = meine Bestellung bezahlen | die Zahlung ; das Bezahlen
orders = meine Bestellungen ansehen | meine Bestellübersicht ; die Liste meiner Bestellungen
order = eine Bestellung öffnen | die Bestelldetails`,
		`ich wollte {do}, bekomme aber nur eine Fehlermeldung
{thing} funktioniert nicht, es kommt immer ein Fehler`,
		`ich wollte {do}, aber es lädt ewig und bricht dann ab
{thing} hängt und läuft in einen Timeout`,
		`{thing} ist furchtbar langsam
es dauert ewig, wenn ich {do} will`,
		`ich werde abgemeldet, wenn ich {do} will
die App sagt, ich sei nicht berechtigt, wenn ich {do} möchte`,
		`es heißt "zu viele Anfragen", wenn ich {do} will
{thing} ist gesperrt, angeblich ist ein Limit erreicht`,
		`{thing} ist leer, obwohl etwas da sein müsste
wenn ich {do} will, wird nichts angezeigt, aber auch kein Fehler`,
		`wenn ich {do} will, heißt es, meine Angaben seien ungültig
{thing} lehnt meine Eingaben ab, obwohl alles ausgefüllt ist`)
	p.vague = listed(`es geht nicht
bei euch ist schon wieder etwas kaputt
~ irgendetwas stimmt mit der App nicht`)
	p.open = listed(`hallo, ich habe ein Problem
entschuldigt die Störung`)
	p.close = listed(`bitte beheben
das nervt
könnt ihr helfen?`)
	p.morning = listed(`das geht schon seit heute Morgen so`)
	p.coded = listed(`es kommt Fehler {code}
angezeigt wird {code}`)
	p.chatter = listed(`ein dunkles Design wäre schön
mein Paket kam beschädigt an, bekomme ich Geld zurück?
die Sendungsverfolgung des Paketdienstes zeigt einen Fehler
bei eurer Hotline hängt man ewig und fliegt dann raus
wie bestelle ich den Newsletter ab?
die neue Seite gefällt mir sehr`)
	p.greeting = listed(`Guten Tag,
Hallo,`)
	return p
}

func openSpanish() *phrases {
	p := newPhrases(`
login = iniciar sesión | el inicio de sesión
account = abrir mi cuenta | la página de mi cuenta
category = ver una categoría | la página de la categoría
product = abrir un producto | la página del producto
search = buscar algo | la búsqueda ; el buscador
cart = abrir mi carrito | el carrito
add-to-cart = añadir un artículo al carrito | añadir al carrito
stock = ver si hay existencias | la disponibilidad
voucher = usar mi cupón | el cupón
address = introducir mi dirección | las sugerencias de dirección
shipping-quote = ver los gastos de envío | los gastos de envío
checkout = terminar el pedido | la tramitación del pedido
pay = pagar mi pedido | el pago
orders = ver mis pedidos | la lista de mis pedidos
order = abrir un pedido | el detalle del pedido`,
		`quería {do} pero solo sale un error
{thing} no funciona, siempre da error`,
		`intento {do} y se queda cargando hasta que se rinde
{thing} se queda colgado`,
		`{thing} va lentísimo
tarda muchísimo en dejarme {do}`,
		`me expulsa cuando quiero {do}, dice que no estoy autorizado
ya no puedo {do}, me pide la contraseña una y otra vez`,
		`dice demasiadas solicitudes cuando quiero {do}
{thing} está bloqueado por un límite`,
		`{thing} aparece vacío aunque debería haber algo
al {do} no sale nada, tampoco un error`,
		`al {do} dice que mis datos no son válidos
{thing} rechaza lo que escribo aunque está todo`)
	p.vague = listed(`no funciona
~ algo va mal en la aplicación`)
	p.open = listed(`hola, tengo un problema`)
	p.close = listed(`por favor, arréglenlo
¿me pueden ayudar?`)
	p.morning = listed(`pasa desde esta mañana`)
	p.coded = listed(`sale el error {code}`)
	p.chatter = listed(`estaría bien un modo oscuro
el paquete llegó roto, ¿me devuelven el dinero?
la página de seguimiento del mensajero da error
me encanta el nuevo diseño`)
	p.greeting = listed(`Hola:
Buenos días:`)
	return p
}

func openFrench() *phrases {
	p := newPhrases(`
login = me connecter | la connexion
account = ouvrir mon compte | la page de mon compte
category = voir une catégorie | la page de la catégorie
product = ouvrir un produit | la page du produit
search = chercher un article | la recherche
cart = ouvrir mon panier | le panier
add-to-cart = ajouter un article au panier | l'ajout au panier
stock = voir s'il est en stock | la disponibilité
voucher = utiliser mon bon d'achat | le bon d'achat
address = saisir mon adresse | les suggestions d'adresse
shipping-quote = voir les frais de port | les frais de port
checkout = valider ma commande | la validation de la commande
pay = payer ma commande | le paiement
orders = voir mes commandes | la liste de mes commandes
order = ouvrir une commande | le détail de la commande`,
		`je voulais {do} mais je n'ai qu'un message d'erreur
{thing} ne marche pas, toujours une erreur`,
		`j'essaie de {do} et ça charge sans fin puis ça abandonne
{thing} reste bloqué sur le chargement`,
		`{thing} est très lent
il faut une éternité pour {do}`,
		`je suis déconnecté quand je veux {do}, on me dit non autorisé
impossible de {do}, on me redemande le mot de passe`,
		`on me dit trop de requêtes quand je veux {do}
{thing} est bloqué à cause d'une limite`,
		`{thing} est vide alors qu'il devrait y avoir quelque chose
quand je veux {do} rien ne s'affiche, pas d'erreur non plus`,
		`quand je veux {do} on me dit que mes données ne sont pas valides
{thing} refuse ce que j'ai saisi alors que tout est rempli`)
	p.vague = listed(`ça ne marche pas
~ il y a un problème avec l'application`)
	p.open = listed(`bonjour, j'ai un souci`)
	p.close = listed(`merci de corriger
pouvez-vous m'aider ?`)
	p.morning = listed(`c'est comme ça depuis ce matin`)
	p.coded = listed(`il y a l'erreur {code}`)
	p.chatter = listed(`un mode sombre serait bien
mon colis est arrivé abîmé, puis-je être remboursé ?
le suivi du transporteur affiche une erreur
j'adore la nouvelle présentation`)
	p.greeting = listed(`Bonjour,
Madame, Monsieur,`)
	return p
}
