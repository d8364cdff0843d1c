package ads

import (
	"slices"
	"strings"
)

// Field is what a column holds.
type Field string

// The fields of a row.
const (
	FieldPlatform     Field = "platform"
	FieldDate         Field = "date"
	FieldEndDate      Field = "end_date"
	FieldCampaignID   Field = "campaign_id"
	FieldCampaignName Field = "campaign_name"
	FieldAdsetID      Field = "adset_id"
	FieldAdsetName    Field = "adset_name"
	FieldAdID         Field = "ad_id"
	FieldAdName       Field = "ad_name"
	FieldImpressions  Field = "impressions"
	FieldClicks       Field = "clicks"
	FieldSpend        Field = "spend"
	FieldCurrency     Field = "currency"
)

// Fields lists all fields.
func Fields() []Field {
	return []Field{
		FieldPlatform, FieldDate, FieldEndDate, FieldCampaignID, FieldCampaignName, FieldAdsetID, FieldAdsetName, FieldAdID, FieldAdName,
		FieldImpressions, FieldClicks, FieldSpend, FieldCurrency,
	}
}

// required are the fields without which no row can be kept.
func required() []Field {
	return []Field{FieldDate, FieldCampaignID, FieldAdsetID, FieldAdID, FieldImpressions, FieldClicks, FieldSpend}
}

// headerName is a column's title as it is compared: in lower case, without spaces around and doubled, and without a currency's code
// in brackets, which is returned apart.
func headerName(title string) (name, currency string) {
	name = strings.ToLower(strings.Join(strings.FieldsFunc(strings.ReplaceAll(title, "’", "'"), func(r rune) bool {
		return isBlank(r) || r == '\ufeff'
	}), " "))
	if at := strings.LastIndexByte(name, '('); at > 0 && strings.HasSuffix(name, ")") {
		if code := name[at+1 : len(name)-1]; isCurrencyCode(code) {
			return strings.TrimSpace(name[:at]), strings.ToUpper(code)
		}
	}
	return name, ""
}

// isCurrencyCode reports whether it may be one of ISO 4217, in lower case. "all", as in "Clicks (all)", is Albania's: no platform bills
// in it.
func isCurrencyCode(code string) bool {
	if len(code) != 3 || code == "all" {
		return false
	}
	for i := range len(code) {
		if code[i] < 'a' || code[i] > 'z' {
			return false
		}
	}
	return true
}

// fieldOf knows the titles of columns in exports, in English, German, French and Spanish. Where several columns of a file say the same,
// the least rank is taken. Empty: none of ours.
func fieldOf(name string) (field Field, rank int) {
	switch name {
	case "date", "day", "by day", "gregorian date", "reporting starts", "stat_time_day", "date_start", "segments.date",
		"tag", "datum", "berichtsstart", "jour", "début des rapports", "début du rapport", "día", "fecha", "inicio del informe":
		return FieldDate, dateRank(name)
	case "reporting ends", "end date", "date_stop", "berichtsende", "fin des rapports", "fin du rapport", "fin del informe":
		return FieldEndDate, 0
	case "campaign id", "campaign_id", "campaignid", "kampagnen-id", "id de campagne", "id de la campagne", "identifiant de la campagne", "n° de la campagne",
		"identificador de la campaña", "identificador de campaña", "id de campaña", "id de la campaña":
		return FieldCampaignID, 0
	case "campaign name", "campaign", "campaign_name", "kampagnenname", "kampagne", "name der kampagne", "nom de la campagne", "campagne",
		"nombre de la campaña", "campaña":
		return FieldCampaignName, 0
	case "ad set id", "adset id", "adset_id", "ad group id", "adgroup id", "ad_group_id", "adgroup_id", "adgroupid", "anzeigengruppen-id",
		"id de l'ensemble de publicités", "identifiant de l'ensemble de publicités", "id du groupe d'annonces",
		"identificador del conjunto de anuncios", "id del conjunto de anuncios", "id del grupo de anuncios":
		return FieldAdsetID, 0
	case "ad set name", "adset name", "adset_name", "ad group name", "ad group", "adgroup name", "ad_group_name", "adgroup_name", "anzeigengruppe",
		"anzeigengruppenname", "name der anzeigengruppe", "nom de l'ensemble de publicités", "groupe d'annonces",
		"nombre del conjunto de anuncios", "grupo de anuncios":
		return FieldAdsetName, 0
	case "ad id", "ad_id", "adid", "anzeigen-id", "id de la publicité", "identifiant de la publicité", "id de l'annonce",
		"identificador del anuncio", "id del anuncio":
		return FieldAdID, 0
	case "ad name", "ad_name", "anzeigenname", "name der anzeige", "nom de la publicité", "nombre del anuncio":
		return FieldAdName, 0
	case "impressions", "impr.", "impr", "impressionen", "impresiones":
		return FieldImpressions, 0
	case "currency", "currency code", "currency_code", "currencycode", "währung", "währungscode", "devise", "code de devise", "moneda", "código de moneda":
		return FieldCurrency, 0
	case "platform", "network":
		return FieldPlatform, 0
	}
	if rank := slices.Index([]string{
		"link clicks", "link-klicks", "klicks auf den link", "klicks auf link", "linkklicks", "clics sur un lien",
		"clics en el enlace", "clicks (destination)", "clicks", "klicks", "clics", "clicks (all)", "klicks (alle)", "clics (tous)", "clics (todos)",
	}, name); rank >= 0 {
		return FieldClicks, rank
	}
	if rank := slices.Index([]string{
		"amount spent", "ausgegebener betrag", "montant dépensé", "importe gastado", "spend", "cost", "kosten",
		"coût", "coste", "costo", "ausgaben", "total cost",
	}, name); rank >= 0 {
		return FieldSpend, rank
	}
	return "", 0
}

// dateRank puts the day of a row before the beginning of the report.
func dateRank(name string) int {
	switch name {
	case "reporting starts", "berichtsstart", "début des rapports", "début du rapport", "inicio del informe", "date_start":
		return 1
	}
	return 0
}

// platformOf guesses whose export has such titles, "" if nothing tells.
func platformOf(titles []string, headerLine int) string {
	has := map[string]bool{}
	for _, title := range titles {
		name, _ := headerName(title)
		has[name] = true
	}
	hasAny := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return has[name] })
	}
	switch {
	case has["platform"] && has["campaign_id"]:
		return "" // our own: each row says its platform
	case hasAny("amount spent", "ausgegebener betrag", "montant dépensé", "importe gastado", "reporting starts", "berichtsstart", "ad set id", "ad set name"):
		return "facebook"
	case has["gregorian date"], has["spend"] && hasAny("ad group id", "ad group"):
		return "microsoft"
	case has["impr."], headerLine > 1 && hasAny("cost", "kosten", "coût", "coste"):
		return "google"
	case has["cost"] && hasAny("clicks (destination)", "clicks (all)", "by day", "stat_time_day", "ad group id", "adgroup_id"):
		return "tiktok"
	}
	return ""
}
