// What the people of the demo say: one entry an issue, with the reports behind it, and what is left to
// triage. A report is "Title :: text", with "de| " before it when it is not English. Words in braces are
// filled in by seed.mjs, so that reports of one thing are alike and never the same.

export const workspace = "Lumen Market";
export const owner = {
  name: "Marta Oliveira",
  email: "marta@lumen.example",
  password: "twelve-blue-otters-sing",
};
const password = "seven-green-herons-wait";
export const members = [
  { name: "Sam Rivera", email: "sam@lumen.example", role: "lead", password },
  { name: "Jonas Tan", email: "jonas@lumen.example", role: "responder", password },
  { name: "Ana Novak", email: "ana@lumen.example", role: "responder", password },
  { name: "Priya Kapoor", email: "priya@lumen.example", role: "responder", password },
  { name: "Dina Lopes", email: "dina@lumen.example", role: "responder", password },
  { name: "Tomás Reis", email: "tomas@lumen.example", role: "viewer", password },
];

export const launch = {
  name: "Checkout 3.0",
  scope: "The new checkout for all web shops and both apps: one page, saved cards, 3-D Secure 2, gift cards.",
  services: ["checkout", "payments", "search", "accounts", "webhooks"],
  time_zone: process.env.HC_ZONE ?? "Europe/Lisbon",
};

/** Names of reporters, by the language they write in. */
export const names = {
  en: "Priya Nair, Ben Adeyemi, Grace Holloway, Owen Pritchard, Hannah Okafor, Liam Doherty, Zoe Castellanos, Noah Fitzgerald, Amara Diallo, Ruth Feldman, Kofi Mensah, Ella Winslow, Yusuf Karaca, Mei Tanaka, Aiko Mori, Dev Malhotra, Isla Brennan, Theo Marsh, Nadia Rahman, Caleb Whitlock, Fatima Zahra, Oscar Lindgren, Maya Goldberg, Henry Osei, Leila Haddad, Jack Thornton, Sofia Costa, Emma Clarke, Raj Patel, Chloe Bennett".split(
    ", ",
  ),
  de: "Clara Weiss, Jürgen Albrecht, Sabine Krüger, Lukas Hofmann, Anneliese Vogt, Felix Brandt, Katrin Seidel".split(
    ", ",
  ),
  nl: "Tom Verbeke, Femke de Vries, Joris Claes, Sanne Bakker, Lotte Peeters".split(", "),
  pt: "Ines Duarte, Rui Figueiredo, Beatriz Moura, Tiago Pacheco, Helena Prata".split(", "),
  fr: "Camille Laurent, Hugo Mercier, Élodie Girard, Antoine Lefèvre".split(", "),
  es: "Lucía Herrera, Álvaro Navarro, Carmen Ibáñez, Diego Solano".split(", "),
  it: "Giulia Ferri, Matteo Bianchi, Chiara Russo".split(", "),
  sv: "Jonas Lindqvist, Elin Sandberg, Maja Nyström".split(", "),
  pl: "Marek Zieliński, Agnieszka Wójcik, Piotr Kowal".split(", "),
};

/** Senders that are machines or teams. */
export const senders = {
  api: ["Northgate Retail API", "Harbour & Pine", "Fjordline Import", "Brightside Shops API"],
  support: ["Support desk", "Support night shift", "Store line"],
};

export { issues } from "./seed-issues.mjs";

/** Praise, questions and noise, which nobody makes an issue of. */
export const ignored = [
  {
    reason: "Praise, passed on to the team.",
    category: "praise",
    says: [
      "Great new checkout :: Three taps and done. Thank you so much, best checkout I know.",
      "So much faster :: Love the one page checkout, thank you!",
      "Finally saved cards :: Saved cards work perfectly on my {phone}. Great work.",
      "de| Super neuer Checkout :: Endlich alles auf einer Seite, vielen Dank!",
      "pt| Muito bom :: O novo checkout é muito mais rápido, parabéns à equipa.",
      "Well done :: Ordered for {amount} in under a minute. Well done.",
      "fr| Bravo :: Le nouveau paiement est très simple, merci !",
      "nl| Heel fijn :: Afrekenen gaat nu heel snel, dank je wel.",
    ],
  },
  {
    reason: "Answered by the help page.",
    category: "question",
    says: [
      "How do I use a gift card? :: Where do I type in the code of my gift card?",
      "Can I change the address after ordering? :: I moved to {city} yesterday, can I still change the address of {order}?",
      "Do you deliver to Madeira? :: How much is the delivery there?",
    ],
  },
  {
    reason: "Not for us.",
    category: "other",
    says: [
      "Cheap followers :: Buy 10,000 followers today, visit our page now!!!",
      "asdf :: test test",
      "Better ranking for your shop :: We can bring your website to page one of the search results, reply for our offer.",
    ],
  },
];

// What is left to triage, newest first, as the inbox of the mock has it: minutes ago, who, channel.
export const waiting = [
  {
    ago: 2,
    who: "Priya Nair",
    channel: "widget",
    mine: true,
    version: "3.0.4",
    url: "/checkout/pay",
    attach: "spinner",
    attrs: { browser: "Chrome 141", os: "Windows", order: "88-20431" },
    say: "Card payment spins and never finishes after 3-D Secure :: I pressed Pay, my bank app said approved, and the page just kept spinning. I don’t know if I was charged.",
  },
  {
    ago: 8,
    who: "Tom Verbeke",
    channel: "app",
    version: "3.0.4",
    url: "/checkout/address",
    attach: "address",
    lang: "en",
    say: "House number gone at address search :: Kerkstraat 14 becomes Kerkstraat. Delivery went to my neighbour.",
  },
  {
    ago: 17,
    who: "Ines Duarte",
    channel: "email",
    say: "Two receipts for one order :: Got the same receipt e-mail twice, order 88-20417.",
  },
  {
    ago: 25,
    who: "Northgate Retail API",
    channel: "api",
    mine: true,
    attach: "webhook",
    url: "/developers/webhooks",
    say: "webhook order.paid arrives before order.created :: Our importer rejects roughly 1 in 40 since this morning.",
  },
  {
    ago: 34,
    who: "Aiko Mori",
    channel: "review",
    rating: 5,
    version: "3.0.4",
    say: "Love the new saved cards, one wish :: Could it remember which card I use for work?",
  },
  {
    ago: 43,
    who: "Ben Adeyemi",
    channel: "app",
    version: "3.0.4",
    url: "/checkout",
    attach: "banner",
    rating: 3,
    say: "Pay button hidden under the promo banner :: iPhone SE, I had to turn the phone sideways.",
  },
  {
    ago: 52,
    who: "Clara Weiss",
    channel: "app",
    version: "3.0.4",
    url: "/checkout/pay",
    say: "Apple Pay closes when I edit the postcode :: It throws me back to the basket, three times now.",
  },
  {
    ago: 59,
    who: "Support desk",
    channel: "support",
    say: "Where do we see the 3DS reference? :: Asked by two agents today, could go into the runbook.",
  },
  {
    ago: 72,
    who: "Jonas Lindqvist",
    channel: "widget",
    version: "3.0.4",
    url: "/account/gift-cards",
    attach: "gift",
    say: "Gift card shows 0 kr after partial refund :: There should be 240 kr left on it.",
  },
  {
    ago: 81,
    who: "Marek Zieliński",
    channel: "widget",
    version: "3.0.4",
    url: "/checkout/pay",
    mine: true,
    say: "pl| Płatność kartą się nie kończy :: Potwierdziłem 3-D Secure w aplikacji banku, a strona płatności dalej się kręci. Zamówienie 88-20398.",
  },
  {
    ago: 95,
    who: "Harbour & Pine",
    channel: "api",
    url: "/developers/api",
    say: "Refund webhook has no reason :: order.refunded lost the field reason with 3.0.4, our bookkeeping needs it.",
  },
  {
    ago: 104,
    who: "Grace Holloway",
    channel: "review",
    rating: 2,
    version: "3.0.4",
    say: "Was so good until this week :: Since the last update I get logged out whenever I open the basket. Two stars until that is fixed.",
  },
  {
    ago: 118,
    who: "Katrin Seidel",
    channel: "email",
    mine: true,
    say: "de| Falsche Karte belastet :: Ich habe eine neue Karte eingegeben, abgebucht wurden 84,90 € von der alten. Bestellung 88-20371. Bitte dringend prüfen.",
  },
  {
    ago: 131,
    who: "Leila Haddad",
    channel: "chat",
    say: "Is my order there? :: The page went white after I paid. Did order 88-20360 go through?",
  },
  {
    ago: 149,
    who: "Matteo Bianchi",
    channel: "widget",
    version: "3.0.4",
    url: "/checkout",
    say: "it| Lo sconto studenti non si applica :: Lo sconto studenti sparisce quando scelgo la consegna in negozio.",
  },
  {
    ago: 166,
    who: "Dev Malhotra",
    channel: "email",
    url: "/account",
    say: "I can see somebody else's address :: When I open the address book after signing in, the first entry is of a person I don't know.",
  },
  {
    ago: 188,
    who: "Store line",
    channel: "support",
    mine: true,
    say: "Shops ask how to look up a web order :: Four shops called this week. The till needs the short number, the customer has only the long one.",
  },
  {
    ago: 204,
    who: "Elin Sandberg",
    channel: "survey",
    rating: 4,
    say: "sv| Nästan perfekt :: Det vore bra om man kunde spara leveransadressen med ett namn.",
  },
  {
    ago: 226,
    who: "Hugo Mercier",
    channel: "app",
    version: "3.0.4",
    say: "fr| Le bouton Payer est caché :: Sur mon iPhone SE la bannière cache le bouton Payer.",
  },
  {
    ago: 251,
    who: "Ruth Feldman",
    channel: "survey",
    rating: 4,
    say: "Let me name my cards :: Could I give each saved card a name, such as work and home?",
  },
  {
    ago: 280,
    who: "Kofi Mensah",
    channel: "widget",
    version: "3.0.4",
    url: "/checkout",
    say: "A note for the courier :: Please add a field for a note to the courier, our bell does not work.",
  },
  {
    ago: 312,
    who: "Femke de Vries",
    channel: "review",
    rating: 3,
    say: "nl| Graag achteraf betalen :: Fijn, maar ik mis achteraf betalen.",
  },
];

const spins = "Card payment spins and never finishes after 3-D Secure";

/** What one issue is to another. */
export const links = [
  ["Webhook order.paid arrives before order.created", "relates_to", spins],
  [spins, "causes", "Receipt e-mail arrives twice on retry"],
  ["PayPal returns to an error page", "blocked_by", spins],
  ["Gift card balance shows 0 after a partial refund", "blocks", "Split payment by gift card and card"],
];

/** What people write to each other: on an issue by its title, or on a report that is still to be triaged. */
export const notes = [
  {
    on: spins,
    by: "Sam Rivera",
    text: "Found the pool limit in 3.0.4: card.pool.max is 4, it was 32. The pay call waits for a free connection until it times out at 8 s.",
  },
  {
    on: spins,
    by: "Jonas Tan",
    text: "3.0.5-rc1 with the fix is on canary, 5 % of traffic, no timeouts so far.",
  },
  {
    on: spins,
    by: owner.name,
    text: "Good. @Ana Novak please hold the replies until we know that nobody was charged twice.",
  },
  {
    on: spins,
    by: "Ana Novak",
    text: "Checked 40 orders by hand: reserved, never charged. The reservations lapse tonight.",
  },
  {
    on: "Saved card is charged instead of the one just typed in",
    by: owner.name,
    text: "@Sam Rivera this one goes first. Seven people so far, two of them on a company card.",
  },
  {
    on: "Address search drops the house number in Belgium and the Netherlands",
    by: "Jonas Tan",
    text: "The provider changed the field from number to house_number. Fix is in review.",
  },
  {
    on: "Gift card balance shows 0 after a partial refund",
    by: "Priya Kapoor",
    text: "Only with more than one refund on the same day. Balances are right in the ledger, the page reads the wrong row.",
  },
  {
    on: "Where do we see the 3DS reference?",
    by: "Dina Lopes",
    text: "It is in the order's payment tab under Bank reference. @Marta Oliveira shall I add it to the runbook?",
  },
  {
    on: "I can see somebody else's address",
    by: "Dina Lopes",
    text: "@Sam Rivera can you look at this now? I can't make it happen with my account.",
  },
];

export const views = [
  { page: "feedback", name: "Payments, worst first", query: "area=payment&severity=sev1,sev2", shared: true },
  { page: "feedback", name: "From the shops", query: "channel=support", shared: true },
  { page: "feedback", name: "Not in English", query: "language=de,nl,pt,fr,es,it,sv,pl", shared: false },
  { page: "issues", name: "High and nobody's", query: "severity=sev1,sev2&owner=none", shared: true },
];

/** Rules of triage; people are names to ids. */
export const rules = (people) => [
  {
    name: "Charged by mistake is never small",
    when: 'category == "bug" && (text.contains("charged") || text.contains("belastet"))',
    // biome-ignore lint/suspicious/noThenProperty: that is what the API calls it
    then: { severity: "sev2", tag: ["money"] },
  },
  {
    name: "Partners' integrations go to Sam",
    when: 'channel == "api"',
    // biome-ignore lint/suspicious/noThenProperty: that is what the API calls it
    then: { assign: people.get("Sam Rivera"), tag: ["partner"] },
  },
  {
    name: "Five stars without a wish",
    when: 'rating >= 5.0 && category == "praise"',
    enabled: false,
    // biome-ignore lint/suspicious/noThenProperty: that is what the API calls it
    then: { ignore: true },
  },
];

export const tokens = [
  { name: "Shop widget", role: "intake" },
  { name: "Northgate Retail", role: "intake" },
  { name: "Nightly export", role: "viewer" },
];

/** What the slots in a text are filled with. */
export const slots = {
  browser: [
    "Chrome 141 on Windows",
    "Safari 19 on macOS",
    "Firefox 148",
    "Edge 141",
    "Chrome on Android",
    "Safari on iPad",
  ],
  phone: [
    "iPhone SE",
    "iPhone 14",
    "Pixel 9",
    "Galaxy A55",
    "iPhone 13 mini",
    "Fairphone 5",
    "Galaxy S23",
    "Redmi Note 13",
  ],
  card: ["Visa", "Mastercard", "debit card", "Amex"],
  amount: ["84,90 €", "129.00 €", "42.50 €", "240 kr", "17,99 €", "310.00 €", "59.95 €", "1 290 kr"],
  street: ["Kerkstraat", "Molenweg", "Stationsstraat", "Dorpsstraat", "Lindelaan", "Grote Markt"],
  city: ["Ghent", "Porto", "Malmö", "Leipzig", "Utrecht", "Lyon", "Lisbon", "Bologna"],
  version: ["3.0.4", "3.0.3"],
};
