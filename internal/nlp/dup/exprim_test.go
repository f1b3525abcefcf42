package dup

import (
	"bufio"
	"encoding/json"
	"os"
)

type rim struct {
	ID    string
	Rev   string `json:"review_id"`
	App   string
	Text  string
	Issue string `json:"issue_id"`
	Title string `json:"issue_title"`
	Body  string `json:"issue_body"`
	Label string
	DM    float64 `json:"deepmatcher_similarity"`
	v     [3][]int8
	st    [2][]int8
}

func loadRIM() []*rim {
	f, err := os.Open("/work/shared/data/review_issue_match.jsonl")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(make([]byte, 1<<22), 1<<22)
	var rows []*rim
	for sc.Scan() {
		r := &rim{}
		if json.Unmarshal(sc.Bytes(), r) == nil {
			rows = append(rows, r)
		}
	}
	if b, err := os.ReadFile("/tmp/dupx/rim.vec"); err == nil {
		for i, r := range rows {
			for k := range r.v {
				r.v[k] = make([]int8, 512)
				for j := range r.v[k] {
					r.v[k][j] = int8(b[(i*3+k)*512+j])
				}
			}
		}
	}
	if b, err := os.ReadFile("/tmp/dupx/rim.st"); err == nil {
		for i, r := range rows {
			for k := range r.st {
				r.st[k] = make([]int8, 512)
				for j := range r.st[k] {
					r.st[k][j] = int8(b[(i*2+k)*512+j])
				}
			}
		}
	}
	return rows
}
