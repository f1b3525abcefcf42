package corpus

// language is the material for one language's sentences.
type language struct {
	code     string
	share    int    // per cent of all items
	join     string // between subject and trouble
	stop     string
	dense    bool // written without spaces
	openings []string
	subjects []string
	troubles []string
	moments  []string
	effects  []string
	wishes   []string
	praise   []string
	closings []string
}

var languages = []language{
	{
		code: "en", share: 58, join: " ", stop: ".",
		openings: []string{
			"Hello team, I have been a customer for {n} months and this is the first time I write to you.",
			"Hi, I am not sure whether this is my mistake or yours.", "Since the last update something is clearly wrong.",
			"I am writing on behalf of our accounting department with {n} people.", "Please have a look at this as soon as you can.",
			"Sorry for the long message, but I tried everything in the help pages first.", "This is the second time I report it.",
			"We evaluated three products and chose yours, so I hope you can help.",
		},
		subjects: []string{
			"the checkout page", "the export to CSV", "the login screen", "the mobile app", "the search box", "the invoice download", "the password reset e-mail",
			"the calendar sync", "the dashboard", "the notification settings", "the photo upload", "the dark theme", "the two-factor code", "the team invitation",
			"the payment form", "the activity feed", "the report builder", "the map view", "the offline mode", "the contact import", "the video player",
			"the comment editor", "the billing page", "the single sign-on", "the webhook delivery", "the API token page", "the time zone setting", "the keyboard navigation",
			"the attachment preview", "the audit log", "the print layout", "the translation of the menu", "the address autocomplete", "the subscription renewal",
			"the barcode scanner", "the drag and drop of cards", "the file browser", "the backup job", "the onboarding tour", "the status widget",
			"the chart legend", "the order history", "the discount code", "the shared folder", "the screen reader support", "the customer portal", "the tax calculation",
			"the battery usage", "the background refresh", "the e-mail digest", "the custom fields", "the bulk edit", "the undo button", "the archive",
		},
		troubles: []string{
			"crashes every time I open it", "is extremely slow", "shows an empty page", "does not load at all", "logs me out after a minute", "loses what I typed",
			"charges me twice", "shows yesterday's numbers", "freezes on large files", "sends the same message three times", "ignores my settings",
			"returns an internal server error", "is cut off on small screens", "cannot be reached with the keyboard", "uses the wrong currency", "drops the last row",
			"mixes up names with accents", "times out behind our proxy", "never finishes", "asks for permission again and again", "drains the battery overnight",
			"shows data of another customer", "displays the wrong date", "rejects a valid address", "stops responding after a while", "is impossible to find",
			"duplicates every entry", "forgets the filter I chose", "has no explanation of the error", "turns images upside down", "overlaps with the footer",
			"refuses my discount code", "jumps back to the top", "is not translated", "breaks after the update", "says I have no access although I am an admin",
		},
		moments: []string{
			"It happens on my {device} with {system} and version {version}, but not on my colleague's machine.",
			"It started about {n} days ago, right after the update to {version}.", "I can repeat it: open {subject}, wait {n} seconds, go back.",
			"I cleared the cache, reinstalled everything and restarted twice, without any change.", "Only accounts with more than {n} projects seem to be affected.",
			"In the browser's console I see a request to order {id} that fails.", "On a slow connection it is worse, at home over the cable it is a little better.",
			"It worked fine with version {version} last week.", "Our reference is {id}, in case you keep logs of such things.",
			"Nothing in the documentation describes what should happen here.", "We see it in {n} of 50 attempts during the morning rush.",
		},
		effects: []string{
			"We lost an order of a good customer because of that.", "My team has been blocked since this morning and nobody knows a way around it.",
			"It is not dramatic, only annoying when you do it {n} times a day.", "I had to do everything by hand again, which took hours.",
			"Two of our clients have already asked for their money back.", "I am afraid that personal data is visible to the wrong people.",
			"For now we use the old version instead.", "I nearly missed a deadline, and my manager was not amused.", "If this goes on we have to look for something else.",
		},
		wishes: []string{
			"It would be great if {subject} could be used offline as well.", "Could you please add a way to sort {subject} by date and by customer?",
			"I wish there were an integration with our ticket system, so that nobody has to copy numbers by hand.", "Please let administrators hide {subject} from guests.",
			"A keyboard shortcut for {subject} would save me an hour every week.", "Why is there no Portuguese version of {subject}?",
		},
		praise: []string{
			"I just want to say that {subject} is wonderful since version {version}, thank you so much for listening.",
			"Great product, quick support, and {subject} saves us {n} hours every month.", "Love the new look, everything is where I expect it and it is fast on my {device}.",
			"Five stars. I recommended it to {n} friends already and none of them complained.",
		},
		closings: []string{
			"Thanks for looking into it.", "Please tell me when it is fixed.", "A short answer would be enough.", "Is there a workaround that I can use until then?",
			"I am happy to send a recording or to test a new build.", "Keep up the good work otherwise.", "Looking forward to hearing from you soon.", "Best regards from a usually very happy user.",
		},
	},
	{
		code: "de", share: 10, join: " ", stop: ".",
		openings: []string{"Guten Tag, ich nutze Ihr Produkt seit {n} Monaten und bin eigentlich zufrieden.", "Hallo zusammen, ich weiß nicht, ob der Fehler bei mir liegt.", "Seit dem letzten Update stimmt etwas nicht."},
		subjects: []string{"die Kasse", "der CSV-Export", "die Anmeldung", "die App", "die Suche", "der Rechnungsdownload", "die Kalendersynchronisation", "die Übersicht", "der Foto-Upload", "das dunkle Design", "die Einladung ins Team", "die Kartenansicht"},
		troubles: []string{"stürzt bei jedem Öffnen ab", "ist furchtbar langsam", "zeigt nur eine leere Seite", "lädt überhaupt nicht", "meldet mich nach einer Minute ab", "verliert meine Eingaben", "bucht den Betrag doppelt ab", "zeigt die Zahlen von gestern", "vertauscht Umlaute", "ignoriert meine Einstellungen"},
		moments:  []string{"Das passiert auf meinem {device} mit {system} und Version {version}, bei meiner Kollegin jedoch nicht.", "Angefangen hat es vor etwa {n} Tagen, gleich nach dem Update auf {version}.", "Ich habe den Cache geleert und alles neu installiert, leider ohne Erfolg.", "Unsere Auftragsnummer ist {id}, falls Sie das nachsehen möchten."},
		effects:  []string{"Dadurch haben wir einen guten Kunden verloren.", "Mein ganzes Team steht seit heute Morgen still.", "Schlimm ist es nicht, aber auf Dauer sehr lästig.", "Ich musste alles noch einmal von Hand eintragen."},
		wishes:   []string{"Schön wäre es, wenn man {subject} auch ohne Internet nutzen könnte.", "Könnten Sie bitte eine Sortierung nach Datum einbauen?"},
		praise:   []string{"Ich wollte nur sagen, dass es seit Version {version} wunderbar läuft, vielen Dank dafür.", "Tolles Produkt, schneller Support, spart uns {n} Stunden im Monat."},
		closings: []string{"Vielen Dank für Ihre Hilfe.", "Bitte geben Sie mir Bescheid, sobald es behoben ist.", "Gibt es bis dahin einen Umweg?", "Mit freundlichen Grüßen."},
	},
	{
		code: "fr", share: 8, join: " ", stop: ".",
		openings: []string{"Bonjour, j'utilise votre application depuis {n} mois et d'habitude tout va bien.", "Bonjour à toute l'équipe, je ne sais pas si l'erreur vient de moi.", "Depuis la dernière mise à jour, rien ne va plus."},
		subjects: []string{"la page de paiement", "l'export CSV", "l'écran de connexion", "l'application mobile", "la recherche", "le téléchargement des factures", "la synchronisation du calendrier", "le tableau de bord", "l'envoi de photos", "le thème sombre", "l'invitation d'équipe"},
		troubles: []string{"plante à chaque ouverture", "est extrêmement lente", "affiche une page blanche", "ne se charge pas du tout", "me déconnecte au bout d'une minute", "perd ce que j'ai saisi", "me facture deux fois", "affiche les chiffres d'hier", "ignore mes réglages"},
		moments:  []string{"Cela arrive sur mon {device} avec {system}, version {version}, mais pas chez mon collègue.", "Tout a commencé il y a {n} jours, juste après la mise à jour {version}.", "J'ai vidé le cache et tout réinstallé, sans succès.", "Notre référence est la commande {id}, si cela peut vous aider."},
		effects:  []string{"Nous avons perdu une commande importante à cause de cela.", "Toute mon équipe est bloquée depuis ce matin.", "Ce n'est pas dramatique, mais c'est pénible au quotidien."},
		wishes:   []string{"Il serait formidable de pouvoir utiliser {subject} hors connexion.", "Pourriez-vous ajouter un tri par date et par client ?"},
		praise:   []string{"Je voulais simplement vous dire que tout fonctionne à merveille depuis la version {version}, merci beaucoup.", "Excellent produit, nous gagnons {n} heures par mois."},
		closings: []string{"Merci d'avance pour votre aide.", "Merci de me prévenir quand ce sera corrigé.", "Existe-t-il une solution en attendant ?", "Cordialement."},
	},
	{
		code: "es", share: 8, join: " ", stop: ".",
		openings: []string{"Hola, llevo {n} meses usando la aplicación y hasta ahora todo iba bien.", "Buenos días, no sé si el error es mío o suyo.", "Desde la última actualización algo falla."},
		subjects: []string{"la página de pago", "la exportación a CSV", "la pantalla de inicio de sesión", "la aplicación móvil", "la búsqueda", "la descarga de facturas", "la sincronización del calendario", "el panel principal", "la subida de fotos", "el modo oscuro"},
		troubles: []string{"se cierra cada vez que la abro", "va lentísima", "muestra una página en blanco", "no carga de ninguna manera", "me cierra la sesión al minuto", "pierde lo que escribo", "me cobra dos veces", "muestra los datos de ayer", "ignora mi configuración"},
		moments:  []string{"Me pasa en mi {device} con {system} y la versión {version}, pero a mi compañera no.", "Empezó hace unos {n} días, justo después de actualizar a {version}.", "He borrado la caché y reinstalado todo, sin ningún cambio.", "Nuestro número de pedido es {id}, por si guardan registros."},
		effects:  []string{"Por eso hemos perdido un pedido importante.", "Mi equipo está parado desde esta mañana.", "No es grave, pero resulta muy molesto."},
		wishes:   []string{"Sería estupendo poder usar {subject} sin conexión.", "¿Podrían añadir una forma de ordenar por fecha?"},
		praise:   []string{"Solo quería decir que desde la versión {version} funciona de maravilla, muchas gracias.", "Gran producto, nos ahorra {n} horas al mes."},
		closings: []string{"Gracias por su ayuda.", "Avísenme cuando esté arreglado, por favor.", "¿Hay alguna solución mientras tanto?", "Un saludo cordial."},
	},
	{
		code: "pt", share: 4, join: " ", stop: ".",
		openings: []string{"Olá, uso o aplicativo há {n} meses e sempre funcionou bem.", "Bom dia, não sei se o erro é meu ou de vocês."},
		subjects: []string{"a página de pagamento", "a exportação para CSV", "a tela de login", "o aplicativo", "a busca", "o download das notas fiscais", "o painel", "o envio de fotos"},
		troubles: []string{"fecha sozinho toda vez que eu abro", "está muito lento", "mostra uma página em branco", "não carrega de jeito nenhum", "me desconecta depois de um minuto", "perde tudo o que digitei", "cobra duas vezes"},
		moments:  []string{"Acontece no meu {device} com {system} e versão {version}, mas não no da minha colega.", "Começou há uns {n} dias, logo depois da atualização {version}.", "Limpei o cache e reinstalei tudo, sem sucesso."},
		effects:  []string{"Perdemos um pedido importante por causa disso.", "Minha equipe está parada desde cedo."},
		wishes:   []string{"Seria ótimo poder usar {subject} sem internet."},
		praise:   []string{"Só queria dizer que ficou excelente desde a versão {version}, muito obrigado."},
		closings: []string{"Obrigado pela ajuda.", "Por favor, me avisem quando for corrigido.", "Abraços."},
	},
	{
		code: "it", share: 3, join: " ", stop: ".",
		openings: []string{"Buongiorno, uso la vostra applicazione da {n} mesi e di solito funziona bene."},
		subjects: []string{"la pagina di pagamento", "l'esportazione in CSV", "la schermata di accesso", "l'applicazione", "la ricerca", "il download delle fatture", "il pannello"},
		troubles: []string{"si blocca ogni volta che la apro", "è lentissima", "mostra una pagina vuota", "non si carica affatto", "mi disconnette dopo un minuto", "perde quello che scrivo", "mi addebita due volte"},
		moments:  []string{"Succede sul mio {device} con {system} e versione {version}, ma non dal mio collega.", "È iniziato circa {n} giorni fa, subito dopo l'aggiornamento {version}."},
		effects:  []string{"Abbiamo perso un ordine importante per questo motivo.", "Non è grave, ma è molto fastidioso."},
		wishes:   []string{"Sarebbe bello poter usare {subject} senza connessione."},
		praise:   []string{"Volevo solo dire che dalla versione {version} funziona benissimo, grazie mille."},
		closings: []string{"Grazie per l'aiuto.", "Fatemi sapere quando sarà risolto.", "Cordiali saluti."},
	},
	{
		code: "nl", share: 2, join: " ", stop: ".",
		openings: []string{"Hallo, ik gebruik jullie app nu {n} maanden en was altijd tevreden."},
		subjects: []string{"de betaalpagina", "de export naar CSV", "het inlogscherm", "de app", "de zoekfunctie", "het downloaden van facturen"},
		troubles: []string{"crasht elke keer als ik hem open", "is ontzettend traag", "toont een lege pagina", "laadt helemaal niet", "logt me na een minuut uit"},
		moments:  []string{"Het gebeurt op mijn {device} met {system} en versie {version}, maar niet bij mijn collega.", "Het begon ongeveer {n} dagen geleden, meteen na de update naar {version}."},
		effects:  []string{"Hierdoor zijn we een goede klant kwijtgeraakt.", "Niet dramatisch, wel erg vervelend."},
		wishes:   []string{"Het zou mooi zijn als {subject} ook offline werkt."},
		praise:   []string{"Ik wilde even zeggen dat het sinds versie {version} geweldig werkt, bedankt."},
		closings: []string{"Bedankt voor de hulp.", "Laat me weten wanneer het is opgelost.", "Met vriendelijke groet."},
	},
	{
		code: "ja", share: 3, dense: true, stop: "。", join: "が",
		openings: []string{"いつもお世話になっております。", "先日のアップデート以降、調子が悪いです。"},
		subjects: []string{"決済画面", "CSVの出力", "ログイン画面", "スマートフォンのアプリ", "検索機能", "請求書のダウンロード", "カレンダーの同期", "写真のアップロード"},
		troubles: []string{"開くたびに落ちます", "とても遅いです", "真っ白なページになります", "まったく読み込まれません", "一分後にログアウトされます", "入力した内容が消えます"},
		moments:  []string{"{device}の{system}、バージョン{version}で発生しますが、同僚の端末では起きません。", "{n}日ほど前、{version}に更新した直後から始まりました。"},
		effects:  []string{"そのため大切な注文を失いました。", "今朝からチーム全体の作業が止まっています。"},
		wishes:   []string{"オフラインでも使えるようにしていただけると助かります。"},
		praise:   []string{"バージョン{version}からとても快適になりました。ありがとうございます。"},
		closings: []string{"ご確認をお願いいたします。", "修正されたら教えてください。"},
	},
	{
		code: "zh", share: 2, dense: true, stop: "。",
		openings: []string{"您好,我已经使用了{n}个月,一直很满意。", "自从上次更新以后就出现了问题。"},
		subjects: []string{"付款页面", "导出CSV", "登录界面", "手机应用", "搜索功能", "发票下载", "日历同步", "照片上传"},
		troubles: []string{"每次打开都会崩溃", "非常慢", "显示空白页", "根本无法加载", "一分钟后就自动退出登录", "丢失了我输入的内容", "重复扣款"},
		moments:  []string{"我的设备是{device},系统{system},版本{version},同事的电脑没有这个问题。", "大约{n}天前更新到{version}之后开始的。"},
		effects:  []string{"因此我们失去了一个重要的订单。", "整个团队从今天早上起都无法工作。"},
		wishes:   []string{"希望可以支持离线使用。"},
		praise:   []string{"从{version}版本开始非常好用,谢谢你们。"},
		closings: []string{"请尽快处理,谢谢。", "修复之后请告诉我。"},
	},
	{
		code: "ru", share: 2, join: " ", stop: ".",
		openings: []string{"Здравствуйте, пользуюсь приложением уже {n} месяцев и обычно всё хорошо.", "После последнего обновления что-то сломалось."},
		subjects: []string{"страница оплаты", "экспорт в CSV", "экран входа", "мобильное приложение", "поиск", "загрузка счетов"},
		troubles: []string{"вылетает при каждом открытии", "работает очень медленно", "показывает пустую страницу", "совсем не загружается", "теряет введённые данные"},
		moments:  []string{"Это происходит на {device} с {system} и версией {version}, но не у коллеги.", "Началось примерно {n} дней назад, сразу после обновления до {version}."},
		effects:  []string{"Из-за этого мы потеряли важный заказ.", "Не критично, но очень раздражает."},
		wishes:   []string{"Было бы здорово пользоваться этим без интернета."},
		praise:   []string{"Хочу сказать, что с версии {version} всё работает прекрасно, спасибо."},
		closings: []string{"Спасибо за помощь.", "Сообщите, пожалуйста, когда исправите."},
	},
}
