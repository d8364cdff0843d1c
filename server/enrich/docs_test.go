package enrich_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/microtracker/microtracker/server/enrich"
)

// TestThePageListsWhatTheCodeKnows holds docs/enrichment.md to the code: the closed lists there are those here.
func TestThePageListsWhatTheCodeKnows(t *testing.T) {
	t.Parallel()
	page := readPage(t)
	names, endings := literals(t, "params.go", "isSensitiveWord")
	search, _ := literals(t, "params.go", "isSearchWord")
	for list, want := range map[string][]string{"sensitive-names": names, "sensitive-endings": endings, "search-names": search} {
		if diff := cmp.Diff(want, listed(t, page, list)); diff != "" {
			t.Errorf("%s: the code has -, the page has +\n%s", list, diff)
		}
	}
	limits := fmt.Sprintf("more than %d events or more than %d page views in a minute", enrich.MaxEventsPerMinute, enrich.MaxPageViewsPerMinute)
	if !strings.Contains(page, limits) {
		t.Errorf("the page does not say %q", limits)
	}
	for file, kind := range map[string]string{"bot.go": "BotReason", "channel.go": "", "campaign.go": "ClickIDKind"} {
		for _, value := range constants(t, file, kind) {
			if !strings.Contains(page, "`"+value+"`") && !strings.Contains(page, "| "+value+" |") && value != "" {
				t.Errorf("%s: %q is not on the page", file, value)
			}
		}
	}
}

func TestWhatThePageListsIsRemoved(t *testing.T) {
	t.Parallel()
	page := readPage(t)
	names := listed(t, page, "sensitive-names")
	for _, ending := range listed(t, page, "sensitive-endings") {
		names = append(names, ending, "my_"+ending)
	}
	for _, name := range names {
		for _, spelling := range []string{name, strings.ToUpper(name), "_" + name, name[:1] + "-" + name[1:], "user[" + name + "]", "a." + name, name + "[]"} {
			got, err := enrich.CleanURL("https://example.com/;" + spelling + "=1?" + spelling + "=1&page=2")
			if err != nil || got.URL != "https://example.com/?page=2" {
				t.Errorf("%s: %q, %v", spelling, got.URL, err)
			}
		}
	}
	for _, name := range listed(t, page, "search-names") {
		got, err := enrich.CleanURL("https://example.com/?" + name + "=call+030+1234567")
		if err != nil || got.Query.Get(name) != "call […]" {
			t.Errorf("%s: %q, %v", name, got.URL, err)
		}
	}
	// What reports need, and what sites are made of.
	for name := range strings.FieldsSeq(`utm_source utm_medium utm_campaign utm_campaign_id utm_campaign_name utm_id utm_adset utm_adset_id utm_adset_name
		utm_ad utm_ad_id utm_ad_name utm_placement utm_term utm_content utm_source_platform utm_creative_format utm_marketing_tactic utm_key
		gclid gbraid wbraid gclsrc dclid fbclid msclkid ttclid twclid li_fat_id yclid igshid ScCid epik rdt_cid irclickid
		id user_id product_id order_id customer_id cid pid page p sort filter lang locale country city region zip postcode currency
		category tag color size variant sku model brand author year month date from to view tab step plan ref source campaign promo coupon voucher
		promo_code coupon_code country_code product_code discount_code state status type format v ver version tokens keys`) {
		if got, _ := enrich.CleanURL("https://example.com/?" + name + "=x"); got.Query.Get(name) != "x" {
			t.Errorf("%s is gone: %q", name, got.URL)
		}
	}
}

func readPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/enrichment.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// listed returns the words of the block below the comment that names the list.
func listed(t *testing.T, page, list string) []string {
	t.Helper()
	block := regexp.MustCompile("<!-- " + list + " -->\n```text\n([^`]+)```").FindStringSubmatch(page)
	if block == nil {
		t.Fatalf("no list %q on the page", list)
	}
	return strings.Fields(block[1])
}

// literals returns the texts that a function compares with in its cases, and those it holds in a list.
func literals(t *testing.T, file, function string) (cases, list []string) {
	t.Helper()
	ast.Inspect(parse(t, file), func(node ast.Node) bool {
		if f, ok := node.(*ast.FuncDecl); ok {
			return f.Name.Name == function
		}
		switch n := node.(type) {
		case *ast.CaseClause:
			cases = append(cases, texts(n.List)...)
		case *ast.CompositeLit:
			list = append(list, texts(n.Elts)...)
		}
		return true
	})
	if len(cases) == 0 {
		t.Fatalf("no cases in %s", function)
	}
	return cases, list
}

// constants returns the texts of a file's exported constants of one type, or of those without a type.
func constants(t *testing.T, file, kind string) (values []string) {
	t.Helper()
	for _, decl := range parse(t, file).Decls {
		block, ok := decl.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST {
			continue
		}
		for _, spec := range block.Specs {
			value, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			name, _ := value.Type.(*ast.Ident)
			if ast.IsExported(value.Names[0].Name) && (name == nil && kind == "" || name != nil && name.Name == kind) {
				values = append(values, texts(value.Values)...)
			}
		}
	}
	if len(values) == 0 {
		t.Fatalf("no constants of %q in %s", kind, file)
	}
	return values
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func texts(list []ast.Expr) (found []string) {
	for _, expr := range list {
		if literal, ok := expr.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, _ := strconv.Unquote(literal.Value)
			found = append(found, text)
		}
	}
	return found
}
