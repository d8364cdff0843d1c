package repo_test

import (
	"database/sql"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/microtracker/microtracker/migrations"
	"github.com/microtracker/microtracker/repo/repotest"
)

// documentedTables is how many tables the owner's document has.
const documentedTables = 17

func TestTheSchemaIsWhatItsPageSays(t *testing.T) {
	t.Parallel()
	page := readSchemaPage(t)
	db := openDatabase(t, repotest.DatabaseURL(t))
	live := readCatalog(t, db)
	delete(live, "goose_db_version")

	documented := 0
	for name, table := range page {
		if table.documented() {
			documented++
		}
		if diff := cmp.Diff(table.here(), live[name]); diff != "" {
			t.Errorf("table %s: docs/schema.md (-) and the database (+) differ:\n%s", name, diff)
		}
		delete(live, name)
	}
	for name := range live {
		t.Errorf("table %s is in the database and not in docs/schema.md", name)
	}
	if documented != documentedTables {
		t.Errorf("docs/schema.md has %d documented tables, want %d", documented, documentedTables)
	}
}

func TestTheSchemaKeepsWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	for name, table := range readSchemaPage(t) {
		for _, row := range table.columns {
			if want := readColumn(row.document); row.document != "—" && row.here != want {
				t.Errorf("%s.%s: the document says %q, which reads %q; here it is %q", name, row.what, row.document, want, row.here)
			}
		}
		for _, row := range table.indexes {
			if row.what != "—" && !readsAsIndex(name, row.what, row.here) {
				t.Errorf("%s: index %q became %q, which is none of the deviations", name, row.what, row.here)
			}
		}
		for _, row := range table.foreignKeys {
			column, parent, _ := strings.Cut(row.what, " → ")
			if row.what != "—" && (!strings.Contains(row.here, column+") references "+parent+" (") || parent == "projects" && !strings.HasSuffix(row.here, "on delete cascade")) {
				t.Errorf("%s: foreign key %q became %q", name, row.what, row.here)
			}
		}
	}
}

func TestMigrationsGoUpAndDownAndUpAgain(t *testing.T) {
	t.Parallel()
	repotest.EachPostgres(t, func(t *testing.T, _ int, url string) {
		t.Helper()
		db := openDatabase(t, url)
		applied, err := migrations.Up(t.Context(), db)
		if err != nil || applied == 0 {
			t.Fatalf("up: %d applied, %v", applied, err)
		}
		first := readCatalog(t, db)
		for range applied {
			if _, err := migrations.Down(t.Context(), db); err != nil {
				t.Fatalf("down: %v", err)
			}
		}
		if left := readCatalog(t, db); len(left) != 1 {
			t.Errorf("after down there is more than the migrations' own table: %v", left)
		}
		if again, err := migrations.Up(t.Context(), db); err != nil || again != applied {
			t.Fatalf("up again: %d applied, want %d, %v", again, applied, err)
		}
		if diff := cmp.Diff(first, readCatalog(t, db)); diff != "" {
			t.Errorf("up, down, up made another schema:\n%s", diff)
		}
	})
}

// readColumn is docs/schema.md's "How the document is read" for a column.
func readColumn(document string) string {
	kind, rest, _ := strings.Cut(document, ", ")
	if other, ok := map[string]string{
		"timestamp": "timestamp with time zone", "json": "jsonb", "mediumtext": "text", "longtext": "text",
		"tinyint unsigned": "smallint", "int unsigned": "bigint",
	}[kind]; ok {
		kind = other
	}
	kind = strings.Replace(kind, "decimal", "numeric", 1)
	kind = strings.Replace(kind, "varchar", "character varying", 1)
	if !strings.Contains(rest, "NULLABLE") {
		kind += " not null"
	}
	if strings.Contains(rest, "AUTO_INCREMENT") {
		kind += " identity"
	}
	if _, value, ok := strings.Cut(rest, "DEFAULT "); ok {
		value, _, _ = strings.Cut(value, ", ")
		if strings.HasPrefix(value, "'") {
			value += "::character varying"
		}
		kind += " default " + value
	}
	return kind
}

// readsAsIndex allows the deviations of docs/schema.md: a leading project_id, the partition key, a unique key that
// serves as an index.
func readsAsIndex(table, document, here string) bool {
	wantKind, wantColumns, _ := strings.Cut(strings.TrimSuffix(document, ")"), "(")
	kind, columns, _ := strings.Cut(strings.TrimSuffix(here, ")"), " (")
	kindFits := strings.EqualFold(kind, wantKind) || kind == "unique" && wantKind == "INDEX"
	if table == "events" && wantKind == "PRIMARY KEY" {
		columns = strings.TrimSuffix(columns, ", created_at")
	}
	return kindFits && (columns == wantColumns || columns == "project_id, "+wantColumns)
}

type schemaRow struct{ what, document, here string }

type schemaTable struct{ columns, indexes, foreignKeys []schemaRow }

// documented reports whether the table is one of the document's.
func (s schemaTable) documented() bool {
	return slices.ContainsFunc(s.columns, func(row schemaRow) bool { return row.document != "—" })
}

// here is the table as readCatalog reads it.
func (s schemaTable) here() []string {
	var lines []string
	for _, row := range s.columns {
		lines = append(lines, "column "+row.what+" "+row.here)
	}
	for _, row := range s.indexes {
		if line := "index " + row.here; !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	for _, row := range s.foreignKeys {
		lines = append(lines, "foreign key "+row.here)
	}
	slices.Sort(lines)
	return lines
}

// readSchemaPage reads the tables of docs/schema.md.
func readSchemaPage(t *testing.T) map[string]schemaTable {
	t.Helper()
	text, err := os.ReadFile("../docs/schema.md")
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile("(?m)^## (?:[0-9]+\\. )?`([a-z_]+)`$")
	tables := map[string]schemaTable{}
	places := heading.FindAllSubmatchIndex(text, -1)
	for i, place := range places {
		end := len(text)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		var table schemaTable
		var into *[]schemaRow
		for line := range strings.Lines(string(text[place[1]:end])) {
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
			for j := range cells {
				cells[j] = strings.Trim(strings.TrimSpace(cells[j]), "`")
			}
			switch {
			case strings.HasPrefix(line, "## "):
				into = nil
			case cells[0] == "column":
				into = &table.columns
			case cells[0] == "index the document names":
				into = &table.indexes
			case cells[0] == "foreign key the document names":
				into = &table.foreignKeys
			case len(cells) < 2 || strings.HasPrefix(cells[0], "---"):
			case into == &table.columns:
				*into = append(*into, schemaRow{cells[0], cells[1], cells[2]})
			case into != nil:
				*into = append(*into, schemaRow{what: cells[0], here: cells[1]})
			}
		}
		tables[string(text[place[2]:place[3]])] = table
	}
	return tables
}

// readCatalog describes every table but partitions, one line for each column, index and foreign key, sorted.
func readCatalog(t *testing.T, db *sql.DB) map[string][]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), catalogSQL)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	tables := map[string][]string{}
	for rows.Next() {
		var table, line string
		if err := rows.Scan(&table, &line); err != nil {
			t.Fatal(err)
		}
		tables[table] = append(tables[table], line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, lines := range tables {
		slices.Sort(lines)
	}
	return tables
}

const catalogSQL = `
WITH tables AS (
	SELECT oid, relname::text AS name FROM pg_class
	WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
)
SELECT t.name, 'column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
	|| CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
	|| CASE WHEN a.attidentity <> '' THEN ' identity' ELSE '' END
	|| coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
FROM tables AS t JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = a.attnum
UNION ALL
SELECT t.name, 'index ' || CASE WHEN i.indisprimary THEN 'primary key' WHEN i.indisunique THEN 'unique' ELSE 'index' END
	|| ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.place)
		FROM unnest(i.indkey::int[]) WITH ORDINALITY AS k (attnum, place)
		JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.attnum) || ')'
FROM tables AS t JOIN pg_index AS i ON i.indrelid = t.oid
UNION ALL
SELECT t.name, 'foreign key ' || regexp_replace(regexp_replace(lower(substr(pg_get_constraintdef(c.oid), 13)),
	'(references [a-z_]+)\(', '\1 ('), '^ *', '')
FROM tables AS t JOIN pg_constraint AS c ON c.conrelid = t.oid AND c.contype = 'f' AND c.conparentid = 0`

func openDatabase(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
