package doctor

import "slices"

// A Cause is the stable name of what is wrong. Scripts and pages may rely on it:
// a cause is never renamed, and a new meaning gets a new one.
type Cause string

// The causes, in the order of the steps that find them.
const (
	FileMissing    Cause = "certificate-file-missing"
	FileUnreadable Cause = "certificate-file-unreadable"
	FileInvalid    Cause = "certificate-file-invalid"
	WrongPassword  Cause = "wrong-password"

	ClientExpired     Cause = "client-certificate-expired"
	ClientNotYetValid Cause = "client-certificate-not-yet-valid"
	ClientExpiring    Cause = "client-certificate-expiring"

	AddressInvalid Cause = "address-invalid"
	NameUnresolved Cause = "name-unresolved"
	ResolverDown   Cause = "resolver-unreachable"

	PortClosed    Cause = "port-closed"
	PortFiltered  Cause = "port-filtered"
	NoRoute       Cause = "no-route"
	ConnectFailed Cause = "connect-failed"

	NotTLS     Cause = "not-tls"
	TLSVersion Cause = "tls-version"
	TLSSilent  Cause = "tls-silent"
	TLSFailed  Cause = "tls-failed"
	NotAsked   Cause = "client-certificate-not-asked"

	WrongCA           Cause = "wrong-ca"
	ServerExpired     Cause = "server-certificate-expired"
	ServerNotYetValid Cause = "server-certificate-not-yet-valid"
	ServerChanged     Cause = "server-certificate-changed"
	ServerInvalid     Cause = "server-certificate-invalid"
	NotPinned         Cause = "server-certificate-not-pinned"
	NoCA              Cause = "server-certificate-unverifiable"

	WrongHost       Cause = "certificate-for-another-address"
	NotRegistered   Cause = "certificate-revoked-or-unregistered"
	AddressOrRevoke Cause = "another-address-or-revoked" // cannot be told apart from here
	ClientRefused   Cause = "client-certificate-refused"
	ServerError     Cause = "server-error"
	NoAnswer        Cause = "no-answer"
	NotEStreamer    Cause = "not-estreamer"

	NoEvents  Cause = "event-types-not-enabled"
	Broken    Cause = "session-broken"
	ClockOff  Cause = "clock-off"
	DirGone   Cause = "state-directory-missing"
	DirOpen   Cause = "state-directory-open"
	ReadOnly  Cause = "state-directory-not-writable"
	DiskFull  Cause = "disk-full"
	DiskLow   Cause = "disk-nearly-full"
	OutputBad Cause = "output-unreachable"
	Behind    Cause = "falling-behind"
	Quiet     Cause = "gone-quiet"
)

// A remedy is what to do about a cause. The words in braces are replaced: {addr},
// {host}, {port}, {file} (PKCS#12), {dir} (state directory), {local} (address of
// this end), {cn} (common name of the client certificate).
type remedy struct{ cure, byHand string }

const (
	fetchAnew   = "Create the client again under System > Integration > eStreamer of the Management Center, download its PKCS#12 file and put it in the place of {file}"
	viewFile    = "openssl pkcs12 -in {file} -clcerts -nokeys | openssl x509 -noout -subject -dates"
	seeServer   = "on the Management Center: grep -i estreamer /var/log/messages | grep -i error"
	viewServer  = "openssl s_client -connect {addr} -showcerts </dev/null | openssl x509 -noout -issuer -dates"
	restartFMC  = "on the Management Center: manage_estreamer.pl, then 4 (restart)"
	tickTypes   = "Tick the event types under System > Integration > eStreamer of the Management Center and save: what is not ticked is neither captured nor sent. Then check the filters of the outputs"
	compareTime = "date -u; on the Management Center: date -u"
)

var remedies = map[Cause]remedy{
	FileMissing:    {"Correct the path, or download the PKCS#12 file under System > Integration > eStreamer of the Management Center; estream client add writes it for estream serve.", "ls -l {file}"},
	FileUnreadable: {"Let the user that estream runs as read the file, and nobody else.", "ls -l {file}; namei -l {file}"},
	FileInvalid:    {fetchAnew + "; copy it in binary mode.", "openssl pkcs12 -in {file} -info -noout"},
	WrongPassword:  {"Give the password that was typed when the client was created. If nobody knows it: " + fetchAnew + ".", "openssl pkcs12 -in {file} -noout"},

	ClientExpired:     {fetchAnew + ". If the dates are right, this machine's clock is wrong.", viewFile},
	ClientNotYetValid: {"Set the clock of this machine, or of the Management Center that issued the certificate, then fetch the file again.", viewFile + "; date -u"},
	ClientExpiring:    {fetchAnew + " before it ends.", viewFile},

	AddressInvalid: {"Give a host name or an address, with :PORT if the port is not 8302.", ""},
	NameUnresolved: {"Correct the name, or add it to DNS or /etc/hosts; an address works as well.", "getent hosts {host}; nslookup {host}"},
	ResolverDown:   {"Make the DNS server of this machine answer again, or give the address instead of the name.", "nslookup {host}; cat /etc/resolv.conf"},

	PortClosed:    {"Start the eStreamer service, and create this host as a client, which opens the port for it. A firewall that rejects looks the same.", "nc -vz {host} {port}; on the Management Center: netstat -an | grep 8302"},
	PortFiltered:  {"Allow TCP {port} from this machine to {host} in the firewalls between and on the Management Center; or the address belongs to nobody.", "nc -vz -w 5 {host} {port}; on the Management Center: tcpdump -n -i eth0 port 8302"},
	NoRoute:       {"Add the route to {host}, or have the router or firewall that rejects us let TCP {port} pass.", "ip route get {host}; traceroute -T -p {port} {host}"},
	ConnectFailed: {"See the error; check address, routes and the limits of this machine.", "nc -vz {host} {port}"},

	NotTLS:     {"Give the port of the eStreamer service, 8302 by default: something else answers here.", "openssl s_client -connect {addr} </dev/null"},
	TLSVersion: {"Raise the version on the Management Center by an upgrade, or change the source's TLS versions to include what the server speaks. Before TLS 1.2 nothing is safe.", "openssl s_client -connect {addr} -tls1_2 </dev/null; openssl s_client -connect {addr} -tls1 </dev/null"},
	TLSSilent:  {"Restart the eStreamer service, which takes connections and does not serve them; or something between swallows large packets: try a smaller MTU.", "openssl s_client -connect {addr} -msg </dev/null; " + restartFMC},
	TLSFailed:  {"See the error in the log of the Management Center. A device that inspects TLS must leave this connection alone.", "openssl s_client -connect {addr} -msg </dev/null; " + seeServer},
	NotAsked:   {"Take TLS inspection and load balancers out of the way to {addr}: an eStreamer server always asks for the client's certificate.", "openssl s_client -connect {addr} </dev/null | grep -i 'acceptable client'"},

	WrongCA:           {fetchAnew + ": the one in use is from another Management Center, or from before a reinstallation.", "openssl pkcs12 -in {file} -cacerts -nokeys | openssl x509 -noout -subject -fingerprint; " + viewServer},
	ServerExpired:     {"Renew the certificate of the eStreamer server. If the dates are right, this machine's clock is wrong.", viewServer + "; date -u"},
	ServerNotYetValid: {"Set the clocks: this machine's is behind, or the server's was ahead when it made the certificate.", viewServer + "; date -u"},
	ServerChanged:     {"Compare the fingerprint with the one on the server itself. If it is right, delete the pin file; if not, somebody intercepts the connection.", "openssl s_client -connect {addr} </dev/null | openssl x509 -noout -fingerprint -sha256"},
	ServerInvalid:     {"Have the server issue a new certificate, or pin this one.", viewServer},
	NotPinned:         {"Nothing to do, if this is the first start: the collector will remember the certificate it sees then. Compare the fingerprint with the one on the server before.", "openssl s_client -connect {addr} </dev/null | openssl x509 -noout -fingerprint -sha256"},
	NoCA:              {"Use the PKCS#12 file as the server issued it, with its CA certificate, or name a pin file.", "openssl pkcs12 -in {file} -cacerts -nokeys"},

	WrongHost:       {"Create the client under the address that the server sees: {local}, or behind address translation the translated one. Then fetch the new PKCS#12 file. Or let the connection leave from {cn}.", seeServer + " (\"does not match remote host\" names the address it sees)"},
	NotRegistered:   {"The client was deleted on the server, or deleted and created again: " + fetchAnew + ".", seeServer},
	AddressOrRevoke: {"If the log of the server names an address other than {cn}, address translation is in the way: create the client under that address. If not, it was deleted there: create it again. Either way fetch the new PKCS#12 file.", seeServer + " (\"does not match remote host\" names the address it sees)"},
	ClientRefused:   {fetchAnew + ": the server does not accept the certificate in it.", seeServer},
	ServerError:     {"Do what the server's text says; a request for event versions that it does not know is the usual reason.", seeServer},
	NoAnswer:        {"Restart the eStreamer service: it let us in and does not answer.", restartFMC},
	NotEStreamer:    {"Give the port of the eStreamer service, 8302 by default: what answers speaks TLS, but another protocol.", "openssl s_client -connect {addr} </dev/null"},

	NoEvents: {tickTypes + ".", "on the Management Center: ls -l /var/sf/archive/netmap_*/ (the newest file grows when events are captured)"},
	Broken:   {"Try again; if it stays, see the log of the server for the reason.", seeServer},
	ClockOff: {"Let both machines follow the same time servers (NTP).", compareTime + "; chronyc tracking"},

	DirGone:   {"Create the directory, mode 0700, owned by the user that estream runs as, or correct its path.", "ls -ld {dir}"},
	DirOpen:   {"Take the rights of others away: events and positions are in there.", "chmod 0700 {dir}"},
	ReadOnly:  {"Give the directory to the user that estream runs as; mount the file system for writing.", "ls -ld {dir}; findmnt -T {dir}"},
	DiskFull:  {"Make room, or give the journal less: it deletes by itself only what lies above its limit. The collector goes on by itself, the server keeps the events meanwhile.", "df -h {dir}; df -i {dir}"},
	DiskLow:   {"Make room before it is full, or give the journal less.", "df -h {dir}"},
	OutputBad: {"Start the destination, or correct its address. Nothing is lost while the journal has room: the output goes on where it stood.", "nc -vz HOST PORT of the destination"},
	Behind:    {"See which part is slow: an output that blocks, a disk, too few cores; the status shows it. Filters on the source's request make the stream smaller.", "ss -tnm dst {host}; iostat -x 1; top"},
	Quiet:     {"Check that the managed devices still send to the Management Center and that policies still log; " + tickTypes + ".", "the event views of the Management Center"},
}

// Causes returns every cause, sorted.
func Causes() []Cause {
	all := make([]Cause, 0, len(remedies))
	for c := range remedies {
		all = append(all, c)
	}
	slices.Sort(all)
	return all
}
