package enrich

import "strings"

// paramClass says what CleanURL does with a parameter.
type paramClass uint8

const (
	paramPlain     paramClass = iota
	paramCampaign             // counts for ParseCampaign: kept before all others where the address is too long
	paramTerm                 // utm_term: campaign and search at once
	paramSearch               // what a visitor looked for: personal data is taken out of the value
	paramSensitive            // left out
)

// classify sorts a parameter by its name.
func classify(name string) paramClass {
	if _, ok := cutPrefixFold(name, "utm_"); ok {
		switch {
		case strings.EqualFold(name, "utm_term"):
			return paramTerm
		case campaignField(name) != fieldNone:
			return paramCampaign
		}
		return paramPlain
	}
	if campaignField(name) != fieldNone {
		return paramCampaign
	}
	var buffer [24]byte
	word := paramWord(&buffer, name)
	switch {
	case isSensitiveWord(word):
		return paramSensitive
	case isSearchWord(word):
		return paramSearch
	default:
		return paramPlain
	}
}

// isSensitive reports whether a parameter of this name is left out of every stored address: it may open an account,
// carry a session, or tell who a person is. docs/enrichment.md has the list.
func isSensitive(name string) bool {
	return classify(name) == paramSensitive
}

// paramWord brings a name to the form in which it is compared: in lower case, without "-", "_" and spaces, of a nested
// name the innermost part: "user[e-mail]" is "email". Of longer names it returns the last 24 bytes, which matter.
func paramWord(buffer *[24]byte, name string) []byte {
	name = strings.TrimSuffix(name, "[]")
	at := len(buffer)
	for i := len(name) - 1; i >= 0 && at > 0; i-- {
		c := name[i]
		if c == '[' || c == '.' {
			break
		}
		if c != '-' && c != '_' && c != ']' && c != ' ' {
			at--
			buffer[at] = lowerByte(c)
		}
	}
	return buffer[at:]
}

// isSensitiveWord knows the names that paramWord makes. "code" and "key" are among them although shops use them too: a
// reset link's code opens an account, and a voucher's is no dimension of a report. "state" is not: it is more often a
// place than OAuth's. Every literal here stands in docs/enrichment.md, in the same order; a test compares them.
func isSensitiveWord(word []byte) bool {
	switch string(word) {
	case // What opens an account.
		"pwd", "pass", "passphrase", "passcode", "passwort", "kennwort", "motdepasse", "contrasena", "senha", "pin", "otp",
		"totp", "mfa", "tfa", "2fa", "code", "accesscode", "activationcode", "authcode", "authorizationcode", "codechallenge",
		"codeverifier", "confirmationcode", "confirmcode", "devicecode", "invitationcode", "invitecode", "logincode", "oobcode",
		"otpcode", "resetcode", "securitycode", "smscode", "usercode", "verificationcode", "verifycode", "key", "accesskey",
		"accesskeyid", "awsaccesskeyid", "activationkey", "authkey", "loginkey", "privatekey", "resetkey", "secretkey",
		"googleaccessid", "auth", "oauth", "authorization", "bearer", "jwt", "ticket", "assertion", "samlresponse",
		"samlrequest", "nonce", "sig", "sign", "hmac", "hash", "credentials", "invite", "invitation", "magic", "magiclink",
		"reset", "resetid", "passwordreset", "activation", "verification", "unlock",
		// What carries a session.
		"session", "sessid", "sessionkey", "sid", "phpsessid", "oscsid", "zenid", "cfid", "cookie", "csrf", "xsrf",
		"viewstate", "eventvalidation",
		// Who a person is.
		"mail", "emailaddress", "emailid", "emailhash", "emailmd5", "emailsha256", "mailaddress", "correo", "courriel",
		"mceid", "hsenc", "mkttok", "veroid", "kx", "olyencid", "olyanonid", "phone", "phoneno", "phonenum", "cellphone",
		"homephone", "mobilephone", "workphone", "mobileno", "mobilenumber", "telephone", "telephonenumber", "telefon",
		"telefono", "tel", "msisdn", "whatsappnumber", "login", "loginname", "username", "nickname", "realname", "givenname",
		"familyname", "middlename", "maidenname", "vorname", "nachname", "prenom", "apellido", "fname", "lname", "dob",
		"birth", "birthdate", "birthday", "dateofbirth", "geburtsdatum", "address", "address1", "address2", "addressline1",
		"addressline2", "streetaddress", "street", "adresse", "strasse", "ipaddress", "idfa", "gaid", "advertisingid", "ssn",
		"socialsecuritynumber", "nationalid", "personalid", "idnumber", "passport", "passportnumber", "taxid", "patientid",
		"insurancenumber", "accountnumber", "iban", "creditcard", "ccnumber", "ccnum", "cvv", "cvv2", "cvc":
		return true
	}
	for _, ending := range [...]string{
		"token", "password", "passwd", "secret", "signature", "credential", "apikey", "sessionid", "email", "firstname",
		"lastname", "fullname", "surname", "phonenumber", "cardnumber",
	} {
		if len(word) >= len(ending) && string(word[len(word)-len(ending):]) == ending {
			return true
		}
	}
	return false
}

// isSearchWord knows the names under which sites and search engines carry what a visitor typed. Its literals stand in
// docs/enrichment.md too.
func isSearchWord(word []byte) bool {
	switch string(word) {
	case "q", "qry", "query", "querystring", "searchquery", "s", "search", "searchfor", "searchstring", "searchterm",
		"searchterms", "searchtext", "searchword", "sitesearch", "find", "keyword", "keywords", "kw", "kwd", "lookup", "phrase",
		"su", "such", "suche", "suchbegriff", "suchwort", "eingabe", "recherche", "buscar", "busca", "busqueda", "cerca",
		"zoek", "zoeken", "szukaj", "term", "terms", "text", "wd", "word", "words":
		return true
	default:
		return false
	}
}
