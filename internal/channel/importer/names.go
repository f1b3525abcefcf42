package importer

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The fields of a feedback that a column may be, named as in Mapping's JSON.
const (
	fieldText     = "text"
	fieldTitle    = "title"
	fieldID       = "external_id"
	fieldTime     = "occurred_at"
	fieldName     = "author_name"
	fieldEmail    = "author_email"
	fieldUser     = "user_id"
	fieldRating   = "rating"
	fieldLanguage = "language"
	fieldVersion  = "app_version"
	fieldURL      = "url"
	fieldChannel  = "channel"
)

// aliases are what tools and people call the fields, best first, as plain
// writes them. Sources: the exports and APIs of the app stores, Zendesk,
// Freshdesk, Intercom, Jira, GitHub, GitLab, Trustpilot, SurveyMonkey,
// Typeform and Google Forms, and the same words in eleven languages.
var aliases = []struct {
	field string
	names string
}{
	{fieldText, "text feedback_text review_text comment_text feedback review comment comments body message content description review_body review_content verbatim full_text " +
		"ticket_description issue_description answer response remarks remark note_text details complaint suggestion reply_text user_review tweet post utterance sentence " +
		"what_happened tell_us_more open_text free_text freitext kommentar bewertungstext rezension beschreibung nachricht rueckmeldung inhalt meldung anmerkung " +
		"avis commentaire commentaires texte contenu remarque comentario comentarios opinion resena texto descripcion mensaje contenido opinie beschrijving bericht " +
		"reactie toelichting testo recensione commento descrizione messaggio opiniao avaliacao_texto descricao mensagem conteudo tresc opis komentarz wiadomosc recenzja " +
		"отзыв комментарий текст описание сообщение yorum aciklama mesaj metin 評論 内容 评论 評価内容 レビュー コメント 本文 리뷰 내용 의견"},
	{fieldTitle, "title subject review_title summary headline issue_title ticket_subject heading topic titel betreff ueberschrift titre objet sujet titulo asunto assunto " +
		"titolo oggetto onderwerp tytul temat заголовок тема baslik konu 标题 タイトル 件名 제목"},
	{fieldID, "external_id id review_id feedback_id ticket_id issue_id issue_key key uuid guid comment_id response_id reference ref case_number case_id ticket_number ticket_no " +
		"number nummer submission_id message_id record_id row_id post_id tweet_id conversation_id respondent_id iid nr no kennung identifiant identificador"},
	{fieldTime, "occurred_at created_at created date timestamp datetime date_created created_date creation_date submitted_at submitted submission_date review_date reviewed_at at " +
		"posted_at published_at date_time time opened_at opened reported_at received_at received start_date end_date completed_at last_modified updated_at updated " +
		"review_submit_date_and_time datum erstellt erstellt_am zeitpunkt zeitstempel eingegangen date_de_creation cree_le fecha fecha_de_creacion creado data data_di_creazione " +
		"creato data_de_criacao criado aangemaakt aangemaakt_op data_utworzenia дата создано tarih 日期 时间 日付 日時 날짜 작성일"},
	{fieldEmail, "author_email email e_mail mail email_address user_email customer_email requester_email reporter_email contact_email from_email sender_email reply_to " +
		"e_mail_adresse email_adresse courriel adresse_e_mail correo correo_electronico indirizzo_email почта eposta メール 이메일"},
	{fieldName, "author_name author user_name username user name full_name customer customer_name requester_name requester reporter reporter_name reviewer reviewer_name " +
		"reviewer_nickname nickname login handle screen_name display_name sender from submitted_by created_by contact_name contact benutzer benutzername autor kunde kundenname " +
		"melder nutzer verfasser auteur client nom nom_du_client usuario nombre cliente utente autore nome klant naam gebruiker klient uzytkownik автор имя пользователь kullanici 用户 作者 ユーザー 投稿者 작성자 이름"},
	{fieldUser, "user_id userid author_id customer_id requester_id reporter_id reviewer_id account_id member_id uid client_id contact_id person_id device_id kundennummer benutzer_id " +
		"numero_de_client id_usuario id_cliente"},
	{fieldRating, "rating stars star_rating score review_rating overall_rating user_rating nps nps_score csat csat_score satisfaction satisfaction_score grade points recommend rate " +
		"bewertung sterne note etoiles nombre_etoiles calificacion puntuacion estrellas valoracion valutazione voto punteggio stelle avaliacao nota estrelas beoordeling waardering " +
		"sterren cijfer ocena gwiazdki оценка рейтинг puan 评分 星级 評価 星 평점 별점"},
	{fieldLanguage, "language lang locale language_code lang_code review_language reviewer_language iso_language sprache langue idioma lingua lingua_iso taal jezyk язык dil 语言 言語 언어"},
	{fieldVersion, "app_version version app_version_name version_name appversion release build build_number review_created_version software_version product_version app_version_code " +
		"affected_version versions versionsnummer fassung versione versao versie wersja версия surum 版本 バージョン 버전"},
	{fieldURL, "url link permalink html_url page_url page href web_url review_link source_url referrer seite adresse lien enlace pagina ссылка 链接"},
	{fieldChannel, "channel via source_channel feedback_channel medium platform source origin kanal quelle canal canale kanaal канал 渠道 チャネル 채널"},
}

// names maps each alias to its field and to how telling it is, 100 for the
// best.
var names = func() map[string]alias {
	m := map[string]alias{}
	for _, a := range aliases {
		for i, n := range strings.Fields(a.names) {
			if _, ok := m[n]; !ok {
				m[n] = alias{a.field, 100 - min(float64(i), 60)*.5}
			}
		}
	}
	return m
}()

type alias struct {
	field string
	score float64
}

// plain writes a column's name as aliases does: "Review Text", "reviewText"
// and "review-text" are review_text; accents and "?" are dropped.
func plain(s string) string {
	s = strings.NewReplacer("ß", "ss", "ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ł", "l", "Ł", "L", "ı", "i").Replace(s)
	var b strings.Builder
	var last rune
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r) && last < 0x250: // an accent; not a kana mark or the like
			continue
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r):
			if unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsDigit(last)) && b.Len() > 0 {
				b.WriteByte('_')
			}
			b.WriteRune(unicode.ToLower(r))
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
		last = r
	}
	return norm.NFC.String(strings.Trim(b.String(), "_"))
}

// fieldOf returns the field that a name stands for by itself; empty for none.
func fieldOf(name string) string { return names[plain(name)].field }

// known reports whether a name is a usual one.
func known(name string) bool { return fieldOf(name) != "" }

// named returns what a column may be by its name, most telling first.
func named(column string) []alias {
	p := plain(column)
	var out []alias
	if a, ok := names[p]; ok {
		out = append(out, a)
	}
	// user.login, review_text_original: a part may tell, less surely.
	words := strings.Split(p, "_")
	for n := min(len(words)-1, 3); n > 0; n-- {
		if a, ok := names[strings.Join(words[len(words)-n:], "_")]; ok {
			out = append(out, alias{a.field, a.score * .6})
		}
		if a, ok := names[strings.Join(words[:n], "_")]; ok && a.field != fieldName && a.field != fieldID {
			out = append(out, alias{a.field, a.score * .4})
		}
	}
	return out
}
