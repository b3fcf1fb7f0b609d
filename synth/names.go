package synth

// The invented site behind the records. Numbers that servers do not name
// themselves are those of the protocol's value tables; all names are ours, some
// with the characters that formats have to escape.

// A named is one entry of a metadata table.
type named struct {
	id   uint32
	name string
}

var deviceNames = []string{
	"edge-hamburg-01.corp.example", "edge-hamburg-02.corp.example", "core-oslo-a.corp.example", "core-oslo-b.corp.example",
	"branch-kyōto", "branch-lima|lab", "dc-fw-17.corp.example", "cloud-gw-west",
}

var zoneNames = []string{"inside", "outside", "dmz", "guests", "voice", "servers", "partners", "management"}

var interfaceNames = []string{
	"Ethernet1/1", "Ethernet1/2", "Ethernet1/3.100", "Ethernet1/3.200", "GigabitEthernet0/0", "GigabitEthernet0/1",
	"Port-channel1", "Port-channel2.40", "Management0", "TenGigabitEthernet0/7",
}

var policyNames = []string{"Head Office", "Branches (all)", "Data Center \"strict\"", "Cloud=West"}

// An acRule is what the access control rules of every policy are made of; the
// action is one of actionNames.
type acRule struct {
	name   string
	action uint16
}

var ruleTemplates = []acRule{
	{"Trust backup traffic", 3}, {"Allow DNS to resolvers", 2}, {"Allow web browsing", 2}, {"Allow mail", 2},
	{"Allow SaaS (inspected)", 2}, {"Block gambling & malware sites", 4}, {"Reset unwanted remote access", 5},
	{"Ask before streaming", 7}, {"Allow partners → dmz", 2}, {"Allow server updates", 2}, {"Block known bad networks", 4}, {"Default Action", 2},
}

var actionNames = []named{
	{0, "Unknown"}, {1, "Pass"}, {2, "Allow"}, {3, "Trust"}, {4, "Block"}, {5, "Block with reset"}, {6, "Monitor"},
	{7, "Interactive Block"}, {8, "Interactive Block with reset"}, {22, "Fastpath"},
}

var reasonNames = []named{
	{0, "N/A"}, {1, "IP Block"}, {2, "IP Monitor"}, {4, "User Bypass"}, {8, "File Monitor"}, {16, "File Block"},
	{32, "Intrusion Monitor"}, {64, "Intrusion Block"}, {2048, "DNS Block"}, {16384, "URL Block"},
}

// A service is an application protocol as connections use it.
type service struct {
	named
	port     uint16
	protocol uint8 // IANA number
	weight   int
	web, tls bool
}

var services = []service{
	{named{1122, "HTTPS"}, 443, 6, 45, true, true}, {named{617, "DNS"}, 53, 17, 24, false, false}, {named{676, "HTTP"}, 80, 6, 14, true, false},
	{named{767, "NTP"}, 123, 17, 3, false, false}, {named{710, "LDAP"}, 389, 6, 2, false, false}, {named{632, "SMTP"}, 25, 6, 2, false, false},
	{named{861, "NetBIOS-ssn (SMB)"}, 445, 6, 3, false, false}, {named{846, "SSH"}, 22, 6, 2, false, false}, {named{683, "IMAP"}, 993, 6, 1, false, true},
	{named{165, "FTP"}, 21, 6, 1, false, false}, {named{813, "RTP"}, 16384, 17, 1, false, false}, {named{1755, "MDNS"}, 5353, 17, 1, false, false},
	{named{3501, "ICMP"}, 0, 1, 1, false, false},
}

var browserNames = []named{{638, "Chrome"}, {639, "Firefox"}, {647, "Safari"}, {641, "SSL client"}, {643, "curl"}, {648, "Edge"}}

var clientNames = []named{{642, "DNS client"}, {644, "Mail client"}, {645, "NTP client"}, {646, "SMB client"}, {649, "SSH client"}, {650, "Updater/2=beta"}}

var webNames = []named{
	{1200, "Web Browsing"}, {1201, "Search"}, {1202, "Office Suite"}, {1203, "Video | Streaming"}, {1204, "Code Hosting"},
	{1205, "File Sharing"}, {1206, "CRM"}, {1207, "Weather"}, {1208, "Nachrichten für alle"}, {1209, "地図"},
}

var urlCategoryNames = []named{
	{1, "Business and Industry"}, {2, "Social Networking"}, {3, "Malware Sites"}, {4, "Streaming Video"}, {5, "News"},
	{6, "Uncategorized"}, {7, "Games"}, {8, "Phishing"}, {9, "Computers and Internet"}, {10, "Shopping"}, {11, "Travel"}, {12, "Web Hosting"},
}

var reputationNames = []named{{0, "Risk unknown"}, {1, "High risk"}, {2, "Suspicious"}, {3, "Neutral"}, {4, "Favorable"}, {5, "Well known"}}

var countryNames = []named{
	{840, "united states"}, {276, "germany"}, {250, "france"}, {392, "japan"}, {156, "china"}, {643, "russian federation"},
	{826, "united kingdom"}, {484, "mexico"}, {384, "côte d'ivoire"}, {36, "australia"}, {528, "netherlands"}, {578, "norway"},
	{604, "peru"}, {356, "india"}, {76, "brazil"}, {124, "canada"}, {372, "ireland"}, {702, "singapore"}, {710, "south africa"}, {752, "sweden"},
}

var listNames = []string{"Attackers", "Bots", "CnC", "Malware", "Phishing", "Spam", "Exit nodes", "Own block list"}

var iocNames = [][2]string{
	{"CnC Connected", "Security Intelligence Event - CnC"}, {"Malware Detected", "Threat Detected in File Transfer"},
	{"Exploit Kit", "Intrusion Event - exploit-kit"}, {"Impact 1 Attack", "Impact 1 Intrusion Event - attempted-admin"}, {"Malware Executed", "Threat Detected - Executed"},
}

// A classification of intrusion rules, with the priority it implies.
type classification struct {
	name, description string
	priority          uint32
}

var classifications = []classification{
	{"attempted-admin", "Attempted Administrator Privilege Gain", 1}, {"trojan-activity", "A Network Trojan was Detected", 1},
	{"web-application-attack", "Web Application Attack", 1}, {"attempted-user", "Attempted User Privilege Gain", 1},
	{"misc-activity", "Misc activity", 3}, {"protocol-command-decode", "Generic Protocol Command Decode", 3},
	{"policy-violation", "Potential Corporate Privacy Violation", 1}, {"attempted-recon", "Attempted Information Leak", 2},
	{"denial-of-service", "Detection of a Denial of Service Attack", 2}, {"suspicious-login", "An attempted login using a suspicious username was detected", 2},
}

// What rule messages are put together from.
var (
	ruleGroups   = []string{"MALWARE-CNC", "SERVER-WEBAPP", "BROWSER-PLUGINS", "EXPLOIT-KIT", "POLICY-OTHER", "PROTOCOL-DNS", "INDICATOR-SCAN", "FILE-PDF", "OS-WINDOWS", "SERVER-MAIL"}
	ruleSubjects = []string{"Amaranth", "Borealis", "Cobblestone", "Driftwood", "Ember", "Foxglove", "Glacier", "Hazel", "Ironbark", "Juniper", "Kestrel", "Lantern"}
	ruleActs     = []string{"outbound connection attempt", "remote code execution attempt", "directory traversal attempt", "suspicious \"user-agent\" string", "|type=7| overflow attempt", "information disclosure attempt", "heap spray attempt", "tentative de connexion répétée"}
)

var fileTypeNames = []named{{1, "MSEXE"}, {3, "MSOLE2"}, {9, "JPEG"}, {19, "ZIP"}, {21, "RAR"}, {27, "JAR"}, {77, "NEW_OFFICE"}, {280, "SWF"}, {282, "HTML"}, {285, "PDF"}}

var fileNames = []string{"setup.exe", "report 2023.doc", "holiday.jpg", "backup.zip", "tools.rar", "applet.jar", "Übersicht_Q3.xlsx", "banner.swf", "index.html", "invoice=4711.pdf"}

var threatNames = []string{"W32.Ember.Gen", "Win.Trojan.Juniper-1", "Pdf.Exploit.Lantern|x", "Java.Dropper.Hazel", "Doc.Macro.Kestrel"}

var dispositionNames = []named{{1, "Clean"}, {2, "Unknown"}, {3, "Malware"}, {4, "Unavailable"}, {5, "Custom signature"}}

var storageNames = []named{{0, "Not Applicable"}, {1, "File Stored"}, {2, "File Stored (again)"}, {3, "Unable to Store File"}, {8, "File Size is Too Large"}, {9, "File Size is Too Small"}}

var analysisNames = []named{{0, "Not Sent for Analysis"}, {1, "Sent for Analysis"}, {2, "Analysis Complete"}, {4, "Sent for Analysis (again)"}, {5, "Failure (Network)"}}

var archiveNames = []named{{0, "N/A"}, {1, "Pending"}, {2, "Extracted"}, {3, "Failed"}, {4, "Depth Exceeded"}, {5, "Encrypted"}, {6, "Not Inspectable"}}

var malwareTypeNames = []named{{1, "Threat Detected in Network File Transfer"}, {2, "Threat Detected in Network File Transfer (Retrospective)"}, {553648143, "Threat Quarantined"}, {1090519054, "Threat Detected"}}

var malwareSubtypeNames = []named{{0, "N/A"}, {1, "Create"}, {2, "Execute"}, {4, "Scan"}, {22, "Move"}}

var detectorNames = []named{{0, "Network"}, {3, "Signatures"}, {8, "Fuzzy"}, {16, "Spero"}}

var cipherNames = []named{
	{4865, "TLS_AES_128_GCM_SHA256"}, {4866, "TLS_AES_256_GCM_SHA384"}, {4867, "TLS_CHACHA20_POLY1305_SHA256"},
	{49199, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}, {49200, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}, {156, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
}

var tlsVersionNames = []named{{0, "Unknown"}, {3, "TLSv1.0"}, {4, "TLSv1.1"}, {5, "TLSv1.2"}, {6, "TLSv1.3"}}

var certificateStatusNames = []named{{0, "Not Checked"}, {1, "Unknown"}, {2, "Valid"}, {4, "Self-signed"}, {16, "Invalid Issuer"}, {64, "Expired"}, {256, "Revoked"}}

var tlsActionNames = []named{{0, "Unknown"}, {1, "Do Not Decrypt"}, {2, "Block"}, {3, "Block With Reset"}, {4, "Decrypt (Known Key)"}, {5, "Decrypt (Replace Key)"}, {6, "Decrypt (Resign)"}}

var flowStatusNames = []named{{0, "Unknown"}, {1, "No Match"}, {2, "Success"}, {3, "Uncached Session"}, {4, "Unknown Cipher Suite"}, {5, "Unsupported Cipher Suite"}, {9, "Handshake Error"}}

var dnsTypeNames = [][2]string{{"A", "a host address"}, {"AAAA", "IPv6 address"}, {"MX", "mail exchange"}, {"TXT", "text strings"}, {"CNAME", "the canonical name for an alias"}, {"PTR", "a domain name pointer"}}

var dnsTypes = []uint32{1, 28, 15, 16, 5, 12}

var dnsResponseNames = [][2]string{{"NOERROR", "No Error"}, {"SERVFAIL", "Server Failure"}, {"NXDOMAIN", "Non-Existent Domain"}, {"REFUSED", "Query Refused"}}

var dnsResponses = []uint32{0, 2, 3, 5}

var realmNames = []named{{2, "corp.example"}, {3, "partners.example"}, {4, "guests | local"}}

var groupNames = []named{{0, "Unknown"}, {10, "Employees"}, {11, "Contractors"}, {12, "Guests"}, {13, "Servers=all"}}

var profileNames = []named{{0, "Unknown"}, {40, "Workstation"}, {41, "Phone"}, {42, "Printer"}}

var sourceTypeNames = []named{{0, "RNA"}, {1, "User"}, {2, "Third-party Scanner"}, {3, "Third-party Application"}, {8, "NetFlow"}}

var sourceNames = []named{{0, "RNA"}, {3, "Scanner"}, {7, "Import|Script"}}

var extraDataNames = []struct {
	named
	encoding string
}{
	{named{1, "XFF original client (IPv4)"}, "IPv4"}, {named{2, "Original Client IP (IPv6)"}, "IPv6"}, {named{9, "HTTP URI"}, "String"}, {named{10, "HTTP Hostname"}, "String"}, {named{13, "SMTP Email Headers"}, "String"},
}

var systems = [][3]string{{"Windows", "Microsoft", "11"}, {"Windows", "Microsoft", "Server 2019"}, {"Linux", "Debian", "12"}, {"macOS", "Apple", "13, 14"}, {"iOS", "Apple", "16"}, {"Android", "Google", "13"}, {"IOS-XE", "Cisco", "17.9"}}

var userAgents = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Safari/537.36",
	"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/119.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15",
	"curl/8.4.0", "updater/2.1 (build=77; \"stable\")",
}

var processNames = []string{"chrome.exe", "firefox", "safari", "teams.exe", "python3", "updater|svc", ""}

var attributeNames = []string{"", "", "", "", "aws_prod_web", "azure_vm_db,azure_vm_web", "vcenter_lab"}

var vrfNames = []string{"", "", "Global", "VRF-BLUE", "VRF-RED"}

// What host names and URLs are put together from.
var (
	hostWords = []string{"www", "mail", "cdn", "api", "shop", "news", "static", "login", "update", "images", "video", "docs"}
	siteWords = []string{"willow", "harbor", "copper", "meadow", "falcon", "orchard", "summit", "canyon", "birch", "lagoon", "quartz", "tundra", "maple", "comet", "prairie", "cedar"}
	tlds      = []string{"example", "test", "example.com", "example.net", "example.org"}
	pathWords = []string{"assets", "v2", "search", "products", "de", "img", "account", "download", "2023", "scripts", "feed", "catalogue", "überblick"}
	givenName = []string{"Alma", "Bruno", "Chloé", "Dmitri", "Esra", "Farid", "Greta", "Hana", "Ivo", "Jürgen", "Kaito", "Leila", "Mateo", "Nora", "Owen", "Petra", "太郎"}
	surname   = []string{"Adler", "Bianchi", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "O'Connor", "Kowalski", "Lindqvist", "Müller", "Nguyen"}
)
