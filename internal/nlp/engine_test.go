package nlp

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestShow(t *testing.T) {
	e := New()
	for _, it := range []Item{
		{Text: "The app crashes every time I open settings since yesterday's update. All our users are affected!"},
		{Text: "Bitte einen dunklen Modus einbauen, das wäre toll."},
		{Text: "我的数据全部丢失了，怎么办？"},
		{Text: "Great app, love it", Rating: 5},
		{Title: "How to sort by date?", Text: "I can't find it in the docs. Is there a way? my mail is bob@example.com"},
		{Text: "zażółć gęślą jaźń"}, {Text: ""},
	} {
		r := e.Read(it, Full)
		b, _ := json.Marshal(r)
		fmt.Println(string(b))
	}
}
