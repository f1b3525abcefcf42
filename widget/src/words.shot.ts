// Words of the screenshot's tools, in the languages of the dialog.
interface Tools {
  title: string;
  mark: string;
  hide: string;
  undo: string;
  exact: string;
  cancel: string;
  use: string;
  keys: string;
  none: string;
  refused: string;
}

export const tools: Record<string, Tools> = {
  en: {
    title: "Mark the screenshot",
    mark: "Mark",
    hide: "Hide",
    undo: "Undo",
    exact: "Exact capture",
    cancel: "Cancel",
    use: "Use it",
    keys: "Screenshot. Draw on it, or move with the arrow keys and press Enter at two corners.",
    none: "This page can’t be drawn. Use the exact capture, or attach a file.",
    refused: "Nothing was captured. Try again, or attach a file.",
  },
  de: {
    title: "Bildschirmfoto bearbeiten",
    mark: "Markieren",
    hide: "Verbergen",
    undo: "Rückgängig",
    exact: "Genaue Aufnahme",
    cancel: "Abbrechen",
    use: "Verwenden",
    keys: "Bildschirmfoto. Zeichnen Sie darauf, oder bewegen Sie sich mit den Pfeiltasten und drücken Sie an zwei Ecken die Eingabetaste.",
    none: "Diese Seite lässt sich nicht zeichnen. Nehmen Sie die genaue Aufnahme, oder hängen Sie eine Datei an.",
    refused: "Nichts wurde aufgenommen. Versuchen Sie es noch einmal, oder hängen Sie eine Datei an.",
  },
  fr: {
    title: "Marquer la capture",
    mark: "Marquer",
    hide: "Masquer",
    undo: "Annuler le dernier",
    exact: "Capture exacte",
    cancel: "Fermer",
    use: "Utiliser",
    keys: "Capture d’écran. Dessinez dessus, ou déplacez-vous avec les flèches et appuyez sur Entrée à deux coins.",
    none: "Cette page ne peut pas être dessinée. Utilisez la capture exacte, ou joignez un fichier.",
    refused: "Rien n’a été capturé. Réessayez, ou joignez un fichier.",
  },
  es: {
    title: "Marcar la captura",
    mark: "Marcar",
    hide: "Ocultar",
    undo: "Deshacer",
    exact: "Captura exacta",
    cancel: "Cancelar",
    use: "Usar",
    keys: "Captura de pantalla. Dibuje sobre ella, o muévase con las flechas y pulse Intro en dos esquinas.",
    none: "Esta página no se puede dibujar. Use la captura exacta o adjunte un archivo.",
    refused: "No se capturó nada. Inténtelo de nuevo o adjunte un archivo.",
  },
  it: {
    title: "Segna la schermata",
    mark: "Segna",
    hide: "Nascondi",
    undo: "Annulla ultimo",
    exact: "Cattura esatta",
    cancel: "Chiudi",
    use: "Usa",
    keys: "Schermata. Disegni sopra, o si muova con le frecce e prema Invio a due angoli.",
    none: "Questa pagina non può essere disegnata. Usi la cattura esatta, o alleghi un file.",
    refused: "Non è stato catturato nulla. Riprovi, o alleghi un file.",
  },
  pt: {
    title: "Marcar a captura",
    mark: "Marcar",
    hide: "Esconder",
    undo: "Desfazer",
    exact: "Captura exata",
    cancel: "Cancelar",
    use: "Usar",
    keys: "Captura de ecrã. Desenhe sobre ela, ou mova-se com as setas e prima Enter em dois cantos.",
    none: "Esta página não pode ser desenhada. Use a captura exata, ou anexe um ficheiro.",
    refused: "Nada foi capturado. Tente de novo, ou anexe um ficheiro.",
  },
  nl: {
    title: "Schermafbeelding markeren",
    mark: "Markeren",
    hide: "Verbergen",
    undo: "Ongedaan maken",
    exact: "Exacte opname",
    cancel: "Annuleren",
    use: "Gebruiken",
    keys: "Schermafbeelding. Teken erop, of ga met de pijltoetsen en druk op Enter bij twee hoeken.",
    none: "Deze pagina kan niet worden getekend. Gebruik de exacte opname, of voeg een bestand toe.",
    refused: "Er is niets opgenomen. Probeer het opnieuw, of voeg een bestand toe.",
  },
  pl: {
    title: "Zaznacz na zrzucie",
    mark: "Zaznacz",
    hide: "Ukryj",
    undo: "Cofnij",
    exact: "Dokładny zrzut",
    cancel: "Anuluj",
    use: "Użyj",
    keys: "Zrzut ekranu. Rysuj na nim albo przesuwaj strzałkami i naciśnij Enter w dwóch rogach.",
    none: "Tej strony nie można narysować. Użyj dokładnego zrzutu albo dołącz plik.",
    refused: "Nic nie zostało uchwycone. Spróbuj ponownie albo dołącz plik.",
  },
};
