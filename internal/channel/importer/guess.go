package importer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hypercare/hypercare/internal/feedback"
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

// A candidate is one possible answer to "what is this column".
type candidate struct {
	field  string
	column int
	score  float64
	reason string
}

// Guess proposes which column is what, by name and by content, and says why,
// by field. Columns that are no field become attributes.
func Guess(columns []string, sample []Row) (Mapping, map[string]string) {
	return guess(columns, sample, time.Now())
}

func guess(columns []string, sample []Row, now time.Time) (Mapping, map[string]string) {
	stats := make([]*columnStats, len(columns))
	var all []candidate
	for i, c := range columns {
		stats[i] = measure(c, sample)
		if !foreignGroup(c, columns) {
			all = append(all, stats[i].candidates(i)...)
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.column, b.column), cmp.Compare(a.field, b.field))
	})
	var m Mapping
	reasons := map[string]string{}
	fields := m.columns()
	taken := map[int]string{}
	for _, c := range all {
		if *fields[c.field] != "" || taken[c.column] != "" {
			continue
		}
		*fields[c.field], taken[c.column] = columns[c.column], c.field
		reasons[c.field] = c.reason
	}
	if m.Text == "" && m.Title != "" { // a list of subjects is a list of texts
		m.Text, reasons[fieldText] = m.Title, reasons[fieldTitle]+"; no other column holds text"
		m.Title = ""
		delete(reasons, fieldTitle)
	}
	if i := slices.Index(columns, m.Rating); m.Rating != "" {
		m.RatingMax = stats[i].scale()
		if m.RatingMax != 5 {
			reasons[fieldRating] += fmt.Sprintf("; read as a scale up to %v and brought to 5 stars", m.RatingMax)
		}
	}
	if i := slices.Index(columns, m.OccurredAt); m.OccurredAt != "" {
		order, why := guessOrder(stats[i].values, now)
		if why != "" {
			m.DateOrder = string(order)
			reasons[fieldTime] += "; " + why
		}
	}
	m.Attrs = attrs(columns, taken)
	if n := len(columns) - len(taken); n > len(m.Attrs) {
		reasons["attrs"] = fmt.Sprintf("%d further columns were left out: a feedback holds %d attributes", n-len(m.Attrs), feedback.MaxAttrs)
	}
	return m, reasons
}

// attrs maps the columns that are no field to attributes of their name.
func attrs(columns []string, taken map[int]string) map[string]string {
	out := map[string]string{}
	for i, c := range columns {
		if taken[i] == "" && len(out) < feedback.MaxAttrs {
			out[cut(c, feedback.MaxShort-4)] = c
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// foreignGroup reports whether a column describes another thing than the row:
// issue_title beside issue_id, in a file whose rows have an id of their own.
func foreignGroup(column string, columns []string) bool {
	prefix, rest, ok := strings.Cut(plain(column), "_")
	if !ok || rest == "" {
		return false
	}
	own, theirs := false, false
	for _, c := range columns {
		switch plain(c) {
		case "id", "uuid":
			own = true
		case prefix + "_id", prefix + "_number", prefix + "_key":
			theirs = true
		}
	}
	switch prefix { // these describe the row or who wrote it
	case "user", "author", "customer", "requester", "reporter", "reviewer", "account", "review", "feedback", "ticket", "comment", "external", "response", "message", "client", "member", "contact", "person", "device":
		return false
	}
	return own && theirs
}

// columnStats are what the sample says of one column.
type columnStats struct {
	name                                                      string
	values                                                    []string // not empty ones
	distinct                                                  map[string]int
	n                                                         float64
	length, words                                             float64 // means
	numeric, whole, dates, emails, links, codes, glyph, lower float64 // shares of values
	min, max                                                  float64
}

func measure(column string, sample []Row) *columnStats {
	s := &columnStats{name: column, distinct: map[string]int{}, min: math.Inf(1), max: math.Inf(-1)}
	for _, r := range sample {
		v := strings.TrimSpace(r.Values[column])
		if placeholder(v) {
			continue
		}
		s.values = append(s.values, v)
		s.distinct[v]++
		s.length += float64(len([]rune(v)))
		s.words += float64(len(strings.Fields(v)))
		s.look(v)
	}
	s.n = float64(len(s.values))
	for _, p := range []*float64{&s.length, &s.words, &s.numeric, &s.whole, &s.dates, &s.emails, &s.links, &s.codes, &s.glyph, &s.lower} {
		*p /= math.Max(1, s.n)
	}
	return s
}

// look classifies one value.
func (s *columnStats) look(v string) {
	if len(v) > 300 {
		return
	}
	if f, err := strconv.ParseFloat(strings.Replace(strings.TrimSuffix(v, "%"), ",", ".", 1), 64); err == nil {
		s.numeric++
		s.min, s.max = math.Min(s.min, f), math.Max(s.max, f)
		if f == math.Trunc(f) {
			s.whole++
		}
	}
	if _, all := glyphs(v); all > 0 || reOutOf.MatchString(strings.ToLower(v)) || strings.HasSuffix(strings.ToLower(v), "stars") {
		s.glyph++
	}
	if _, ok := parseTime(v, orderDMY, nil); ok {
		s.dates++
	} else if _, ok := parseTime(v, orderMDY, nil); ok {
		s.dates++
	}
	if isEmail(v) || strings.HasSuffix(v, ">") && strings.Contains(v, "@") || v == "<email>" {
		s.emails++
	}
	if strings.HasPrefix(v, "http://") || strings.HasPrefix(v, "https://") || strings.HasPrefix(v, "www.") {
		s.links++
	}
	if code := languageCode(v); code != "" && (isoCodes[code] || languages[strings.ToLower(v)] != "") {
		s.codes++
		if v[0] >= 'a' {
			s.lower++
		}
	}
}

// isoCodes are the languages of ISO 639-1 that people write feedback in.
var isoCodes = func() map[string]bool {
	m := map[string]bool{}
	for c := range strings.FieldsSeq("af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk km kn ko ky la lb lo lt lv " +
		"mg mi mk ml mn mr ms mt my nb ne nl nn no or pa pl ps pt ro ru rw sd si sk sl sn so sq sr st su sv sw ta te tg th tk tl tn tr ts tt ug uk ur uz vi xh yi yo zh zu") {
		m[c] = true
	}
	return m
}()

// unique reports whether the values tell rows apart; a few rows may stand
// twice in a file.
func (s *columnStats) unique() bool {
	return len(s.values)-len(s.distinct) <= max(1, len(s.values)/50) && len(s.distinct) > 1 || len(s.values) == 1
}

// scale returns the best value of the rating scale that the values show.
func (s *columnStats) scale() float64 {
	switch {
	case s.max <= 5 || math.IsInf(s.max, -1):
		return 5
	case s.max <= 10:
		return 10
	}
	return 100
}

// candidates returns what the column may be: by name where the content does
// not contradict, and by content alone.
func (s *columnStats) candidates(column int) []candidate {
	var out []candidate
	add := func(field string, score float64, format string, args ...any) {
		out = append(out, candidate{field, column, score, fmt.Sprintf(format, args...)})
	}
	for _, a := range named(s.name) {
		if ok, what := s.fits(a.field); ok {
			score := a.score
			if a.field == fieldText {
				score += math.Min(s.length, 400) / 10 // of several such names the one with most text
			}
			if s.n == 0 {
				score *= .2
			}
			add(a.field, score, "named %q%s", s.name, what)
		}
	}
	if s.n == 0 {
		return out
	}
	if s.isProse() {
		add(fieldText, 20+math.Min(s.length, 400)/10, "%q holds the longest texts, %.0f characters on average", s.name, s.length)
	}
	switch {
	case s.emails > .8:
		add(fieldEmail, 40, "the values of %q are e-mail addresses", s.name)
	case s.links > .9:
		add(fieldURL, 35, "the values of %q are links", s.name)
	case s.dates > .95 && s.numeric < .5:
		add(fieldTime, 35, "the values of %q are dates", s.name)
	case s.lower > .95 && len(s.distinct) > 2 && s.n >= 10:
		add(fieldLanguage, 35, "the values of %q are language codes", s.name)
	case s.glyph > .9:
		add(fieldRating, 40, "the values of %q are ratings such as %q", s.name, s.values[0])
	case s.whole > .98 && s.min >= 1 && s.max <= 5 && len(s.distinct) >= 4 && s.n >= 20 && !s.ranksOther():
		add(fieldRating, 10, "the values of %q are whole numbers from 1 to 5", s.name)
	}
	return out
}

// ranksOther reports whether small numbers under this name are no rating.
func (s *columnStats) ranksOther() bool {
	p := plain(s.name)
	for _, w := range []string{"severity", "sev", "priority", "prio", "level", "urgency", "impact", "count", "votes", "likes", "helpful", "attempt", "tier", "page", "day", "week", "month", "label", "class", "version", "id", "cluster", "rank"} {
		if strings.Contains(p, w) {
			return true
		}
	}
	return false
}

func (s *columnStats) isProse() bool {
	return s.length >= 12 && s.words >= 2.5 && s.numeric+s.dates+s.emails+s.links+s.glyph < .3 && (s.n < 10 || float64(len(s.distinct)) > s.n*.3) && !strings.HasPrefix(s.values[0], "{")
}

// fits reports whether the content allows the column to be field, and what
// in it speaks for that.
func (s *columnStats) fits(field string) (bool, string) {
	if s.n == 0 {
		return true, "; it is empty in the sample"
	}
	switch field {
	case fieldText, fieldTitle:
		// Numbers, dates and short codes are no text, whatever their name.
		coded := s.words < 1.5 && s.n >= 10 && float64(len(s.distinct)) < s.n*.3
		return s.numeric < .5 && s.dates < .5 && s.emails < .5 && s.links < .5 && !coded, fmt.Sprintf("; its values are %.0f characters long on average", s.length)
	case fieldID:
		return s.unique() && s.length <= 128 && s.words < 3, "; its values tell the rows apart"
	case fieldTime:
		return s.dates > .8, "; its values are dates"
	case fieldEmail:
		return s.emails > .5, "; its values are e-mail addresses"
	case fieldName:
		return s.words < 5 && s.dates < .5 && s.emails < .5 && s.links < .5 && s.length < 80, ""
	case fieldUser:
		return s.words < 2 && s.length < 128, ""
	case fieldRating:
		switch {
		case s.glyph > .8:
			return true, fmt.Sprintf("; its values are ratings such as %q", s.values[0])
		case s.numeric > .9 && s.min >= 0 && s.max <= 10, s.numeric > .9 && s.min >= 0 && s.max <= 100 && s.max > 50:
			return true, fmt.Sprintf("; its values are numbers from %v to %v", s.min, s.max)
		}
		return false, ""
	case fieldLanguage:
		return s.codes > .8, "; its values are languages"
	case fieldURL:
		return s.links > .3 || strings.HasPrefix(s.values[0], "/"), ""
	case fieldVersion:
		return s.length <= 40 && s.words < 4 && s.dates < .5, ""
	case fieldChannel:
		return s.length <= 30 && s.words < 4 && s.numeric < .5 && len(s.distinct) <= 30 && channelLike(s.distinct), "; its values are ways in"
	}
	return false, ""
}

// channelWords are what the names of ways in are made of.
var channelWords = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("e mail email web website site chat live livechat phone call telephone telefon voice twitter x facebook instagram whatsapp telegram slack teams discord reddit " +
		"app in store appstore play google apple playstore widget api form survey sms review reviews forum community social media portal mobile desktop intercom zendesk trustpilot kiosk letter help center") {
		m[w] = true
	}
	return m
}()

// channelLike reports whether most values are usual ways in, since "source"
// and "platform" may be anything.
func channelLike(distinct map[string]int) bool {
	hits := 0
	for v := range distinct {
		if !slices.ContainsFunc(strings.Split(plain(v), "_"), func(w string) bool { return !channelWords[w] }) {
			hits++
		}
	}
	return hits*2 > len(distinct)
}
