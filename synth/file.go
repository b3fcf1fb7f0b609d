package synth

// file is the file of a file or malware event.
type file struct {
	known  *knownFile
	sha    [32]byte // known.sha, or one that no metadata names
	hex    [64]byte
	threat int
	size   uint64
}

const hexDigits = "0123456789abcdef"

// drawFile draws a file that moves in the current flow; malicious asks for one
// with a threat.
func (g *Generator) drawFile(malicious bool) {
	f := &g.file
	n := g.below(len(g.world.files))
	if malicious {
		n -= n % 3 // every third file is malware, see world.build
	}
	f.known = &g.world.files[n]
	f.sha, f.threat = f.known.sha, f.known.threat
	if g.chance(300) {
		g.random(f.sha[:])
	}
	for i, b := range f.sha {
		f.hex[2*i], f.hex[2*i+1] = hexDigits[b>>4], hexDigits[b&15]
	}
	f.size = 100 + g.skewed(1<<33)
}

// fileFields completes flowFields for records 500 and 502.
var fileFields = aliases(map[string]value{
	"disposition": num(func(g *Generator) uint64 {
		if g.file.threat >= 0 {
			return 3
		}
		return uint64(g.between(1, 2))
	}),
	"spero_disposition":             numbered(dispositionNames),
	"file_storage_status":           numbered(storageNames),
	"file_analysis_status":          numbered(analysisNames),
	"local_malware_analysis_status": num(func(g *Generator) uint64 { return uint64(g.below(4)) }),
	"archive_file_status":           numbered(archiveNames),
	"threat_score": num(func(g *Generator) uint64 {
		if g.file.threat >= 0 {
			return uint64(g.between(51, 100))
		}
		return g.skewed(50)
	}),
	"action": num(func(g *Generator) uint64 {
		if g.file.threat >= 0 {
			return uint64(g.between(3, 4)) // cloud lookup, malware block
		}
		return 1 // detect
	}),
	"sha_hash":     raw(func(g *Generator) []byte { return g.file.sha[:] }),
	"file_type_id": num(func(g *Generator) uint64 { return uint64(fileTypeNames[g.file.known.index].id) }),
	"file_name":    raw(func(g *Generator) []byte { return g.world.fileNames[g.file.known.index] }),
	"file_size":    num(func(g *Generator) uint64 { return g.file.size }),
	"direction":    num(func(g *Generator) uint64 { return uint64(g.between(1, 2)) }),
	"signature": raw(func(g *Generator) []byte {
		if g.file.threat < 0 {
			return nil
		}
		return g.world.threats[g.file.threat]
	}),
	"security_context": raw(func(g *Generator) []byte { return g.world.contexts[g.flow.device.id&1][:] }),
	"archive_name": raw(func(g *Generator) []byte {
		if !g.chance(50) {
			return nil
		}
		return g.world.fileNames[3]
	}),
})

// malwareFields completes flowFields for record 125.
var malwareFields = aliases(map[string]value{
	"agent_uuid":       raw(func(g *Generator) []byte { return g.world.contexts[g.flow.instance&1][:] }),
	"cloud_uuid":       raw(func(g *Generator) []byte { return g.world.clouds[g.flow.device.id&1][:] }),
	"event_type_id":    numbered(malwareTypeNames),
	"event_subtype_id": numbered(malwareSubtypeNames),
	"detector_id":      numbered(detectorNames),
	"detection_name":   fileFields["signature"],
	"user":             raw(func(g *Generator) []byte { return g.flow.client.name }),
	"file_name":        fileFields["file_name"],
	"file_path": raw(func(g *Generator) []byte {
		return g.join([]byte(`C:\Users\`), g.flow.client.given, []byte(`\Downloads\`), g.world.fileNames[g.file.known.index])
	}),
	"file_sha_hash":     raw(func(g *Generator) []byte { return g.file.hex[:] }),
	"file_size":         num(func(g *Generator) uint64 { return g.file.size & 0xffffffff }),
	"file_type":         fileFields["file_type_id"],
	"file_timestamp":    num(func(g *Generator) uint64 { return uint64(g.flow.second) - g.skewed(3600) }),
	"parent_file_name":  text("explorer.exe"),
	"parent_sha_hash":   raw(func(g *Generator) []byte { return g.world.files[g.flow.client.id%100].hex }),
	"event_description": text("quarantined=yes"),
	"direction":         fileFields["direction"],
	"disposition":       fileFields["disposition"],
	"retro_disposition": fileFields["disposition"],
	"action":            fileFields["action"],
	"threat_score":      fileFields["threat_score"],
	"security_context":  fileFields["security_context"],
	"archive_name":      fileFields["archive_name"],
})
