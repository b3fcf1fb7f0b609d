package human

import "strings"

// A template lists the parts of the line of a record type, separated by two spaces.
// A reference in braces is the name of a value as in package flat, or one of the
// roles and compounds below in capitals; of several joined by a bar the first that
// says something counts. A part with a reference that nothing fills is left out.
//
//	FLOW     source and destination with their ports
//	MESSAGE, PROTOCOL, ACTION, USER, RULE, ...  the value that has the role
type template struct {
	label string
	parts string
}

const (
	intrusion   = "[{generatorId}:{renderedId|ruleId}:{ruleRevision}]  {MESSAGE}  {FLOW}  {PROTOCOL}  blocked={BLOCKED}  prio={PRIORITY|priorityId}  impact={IMPACT}  class={classificationName}  app={APPLICATION}  user={USER}  rule={RULE}  policy={POLICY}  ruleId={ruleId}  event={eventId}"
	oldEvent    = "[{generatorId}:{ruleId}:{ruleRevision}]  {FLOW}  {PROTOCOL}  blocked={BLOCKED}  prio={PRIORITY|priorityId}  impact={IMPACT}  class={classificationId}  app={APPLICATION}  user={USER}"
	fileEvent   = "{FILE}  {ACTION}  {FLOW}  {PROTOCOL}  disposition={DISPOSITION}  malware={signature|detection}  type={fileType}  size={fileSize}  dir={direction_name|direction}  app={APPLICATION}  user={USER}  sha256={HASH}  url={URL}"
	correlation = "{RULE|ruleId}  {MESSAGE}  {FLOW}  {PROTOCOL}  blocked={BLOCKED}  prio={PRIORITY|priority}  policy={POLICY}  user={USER}"
	vpn         = "{USER}  client={ROOT.vpnSession.clientIP}  os={ROOT.vpnSession.clientOS}  group={ROOT.vpnSession.groupPolicy}  type={ROOT.vpnSession.vpnType_name}  duration={ROOT.vpnSession.connectionDuration}  in={ROOT.vpnSession.bytesReceived}  out={ROOT.vpnSession.bytesTransmitted}  userDomain={userDomain}  domain={DOMAIN}  host={HOST}"
)

var templates = map[uint16]template{
	1:   {"INTRUSION", oldEvent},
	2:   {"PACKET", "event={eventId}  len={packetLength}  link={linkType}  {packetData}"},
	7:   {"INTRUSION", oldEvent},
	9:   {"IMPACT", "{MESSAGE}  {FLOW}  impact={IMPACT}  event={eventId}"},
	71:  {"CONNECTION", "{FLOW}  {PROTOCOL}  {ACTION}  app={APPLICATION}  client={clientApplication}  web={webApplication}  user={USER}  rule={RULE}  policy={POLICY}  reason={firewallRuleReason}  sent={initiatorTransmittedBytes}  received={responderTransmittedBytes}  url={URL}  dns={dnsQuery}  zones={ingressSecurityZone}/{egressSecurityZone}"},
	104: {"INTRUSION", oldEvent},
	105: {"INTRUSION", oldEvent},
	110: {"EXTRA-DATA", "event={eventId}  {extraDataType|type}  from={originalSrcIP}  uri={xffUri}"},
	112: {"CORRELATION", correlation},
	125: {"MALWARE", "{detectionName|detectionName_name}  " + strings.NewReplacer("{ACTION}", "{malwareEventType}  {ACTION}", "  malware={signature|detection}", "").Replace(fileEvent)},
	170: {"VPN-LOGIN", strings.ReplaceAll(vpn, "ROOT", "userLogin")},
	171: {"VPN-LOGOFF", strings.ReplaceAll(vpn, "ROOT", "userLogoff")},
	207: {"INTRUSION", oldEvent},
	208: {"INTRUSION", oldEvent},
	400: {"INTRUSION", intrusion},
	500: {"FILE", fileEvent},
	502: {"FILE-MALWARE", fileEvent},
}

// general stands in front of the details of records without a template.
const general = "{MESSAGE}  {FLOW}  {PROTOCOL}  {ACTION}  user={USER}  {HOST}"
