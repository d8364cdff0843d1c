//go:build ignore

// This program writes common_passwords.txt, the list in common.go. Run it in this folder:
//
//	npm pack @zxcvbn-ts/language-common@4.1.3 && tar xzf zxcvbn-ts-language-common-4.1.3.tgz
//	go run common_generate.go package/src/passwords.json && cp package/LICENSE.txt common_passwords.LICENSE
//
// The source ranks about 49,000 passwords of public leaks by how many people had them (MIT licence, kept up to date by
// its authors for a password meter). Of these the list has
//
//   - all of at least 8 characters: shorter passwords are refused anyway;
//   - of the first 10,000, the words of 5 to 7 letters, which people lengthen by digits and signs;
//   - the product's name, which is what people think of on its page.
//
// In lower case, sorted by bytes, one a line.
package main

import (
	"encoding/json"
	"log"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	source, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var ranked []string
	if err := json.Unmarshal(source, &ranked); err != nil {
		log.Fatal(err)
	}
	printable := regexp.MustCompile(`^[!-~]{8,}$`)
	word := regexp.MustCompile(`^[a-z]{5,7}$`)
	list := []string{"microtracker"}
	for rank, password := range ranked {
		password = strings.ToLower(password)
		if printable.MatchString(password) || rank < 10_000 && word.MatchString(password) {
			list = append(list, password)
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	if err := os.WriteFile("common_passwords.txt", []byte(strings.Join(list, "\n")+"\n"), 0o644); err != nil {
		log.Fatal(err)
	}
	log.Printf("%d of %d", len(list), len(ranked))
}
