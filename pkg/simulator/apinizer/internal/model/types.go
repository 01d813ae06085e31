package model

import (
	"slices"
	"strings"
)

// connectionType is one of the fourteen, as its page documents it.
type connectionType struct {
	Name   string
	Fields []field
	needs  []need
	check  func(fields map[string]any) string // what else is wrong; nil: nothing
}

// need is a condition of the reference: when a field has a value, others are required.
type need struct {
	field  string
	values []any // any of them
	fields []string
}

// TypeNames are the values of the query key and of the discriminator, exactly (facts, section 2). The order is that in
// which a name is looked for where two types have it.
var TypeNames = []string{
	"email", "kafka", "elasticsearch", "rabbitMq", "ftp", "graylog", "syslog", "webhook", "logback", "activeMq", "snmp",
	"linux-script", "database", "ldap",
}

// commonFields are those of every type (facts, section 5), but for type and name.
func commonFields() []field {
	return []field{
		text("description"), boolean("deployToWorker").or(true), boolean("enabled").or(true), text("projectName").byServer(),
	}
}

// types returns the tables as one dialect has them.
func types(b Behaviour) map[string]*connectionType {
	all := make(map[string]*connectionType, len(TypeNames))
	for _, t := range []connectionType{
		emailType(), kafkaType(), elasticsearchType(b.Authenticate), databaseType(), ldapType(), ftpType(), rabbitMQType(), activeMQType(),
		snmpType(), linuxScriptType(), graylogType(), syslogType(), webhookType(), logbackType(),
	} {
		t.Fields = slices.DeleteFunc(append(commonFields(), t.Fields...), func(f field) bool { return f.since != "" && f.since != b.Dialect })
		all[t.Name] = &t
	}
	return all
}

func (t *connectionType) Field(name string) (field, bool) {
	i := slices.IndexFunc(t.Fields, func(f field) bool { return f.Name == name })
	if i < 0 {
		return field{}, false
	}
	return t.Fields[i], true
}

// emailType is section 8.1.
func emailType() connectionType {
	return connectionType{Name: "email", Fields: []field{
		text("host").must(), integer("port").or(587), boolean("enableStartTls").or(false), boolean("auth").or(false),
		text("username"), text("password").secret().inFull(), text("defaultEncoding").or("UTF-8"),
		text("addressToTest").notListed(), text("from"),
		list("additionalProperties", object("", text("key").must(), text("value"))).or([]any{}).carries().notListed(),
	}, needs: []need{{"auth", []any{true}, []string{"username", "password"}}}}
}

// kafkaType is section 8.2.
func kafkaType() connectionType {
	value := object("", text("value").must().or(""),
		text("valueType").must().of("STRING", "BOOLEAN", "INTEGER", "LONG", "DOUBLE", "FLOAT", "STRING_LIST", "URI"),
		field{Name: "valueByType", kind: anyKind, computed: true})
	return connectionType{Name: "kafka", Fields: []field{
		text("topicName").must(), mapOf("propertiesMap", value).must().carries().notListed(), boolean("enableSecure").or(false),
		list("protocolTypes", text("").of("TLS_1_3", "TLS_1_2", "TLS_1_1", "TLS_1_0", "SSL_3_0")).or([]any{}),
		text(keyStoreName), text(trustStoreName), text(keyStoreID), text(trustStoreID),
	}, needs: []need{{"enableSecure", []any{true}, []string{"protocolTypes"}}}, check: func(fields map[string]any) string {
		properties, _ := fields["propertiesMap"].(map[string]any)
		for _, key := range []string{"bootstrap.servers", "key.serializer", "value.serializer"} {
			if properties[key] == nil {
				return "propertiesMap must contain " + key
			}
		}
		if fields["enableSecure"] == true && empty(fields[keyStoreName]) && empty(fields[keyStoreID]) {
			return "keyStoreName is required"
		}
		return ""
	}}
}

// The stores of kafka are written by name; a single GET shows ids instead (facts, C15).
const (
	keyStoreName, trustStoreName = "keyStoreName", "trustStoreName"
	keyStoreID, trustStoreID     = "keyStoreId", "trustStoreId"
)

// elasticsearchType is section 8.3.
func elasticsearchType(authenticate string) connectionType {
	login := boolean("authenticate")
	if authenticate != "" {
		login = login.or(authenticate == "true")
	}
	const p12, pem, keys = "CA_CERTIFICATE_IN_PKCS_12", "CA_IN_PEM_FILE", "CERT_AND_PRIVATE_KEY_IN_PKCS_12"
	hostItem := object("", text("scheme").or("http"), text("host").must(), integer("port").or(9200),
		text("status").byServer(), text("clusterName").byServer())
	return connectionType{Name: "elasticsearch", Fields: []field{
		text(accessMode).or("READ_WRITE").of("READ_WRITE", "READ"),
		boolean("administrate").or(false), list("elasticHostList", hostItem).must().atLeast(1),
		login, text("elasticUsername"), text("elasticPassword").secret(),
		boolean("encryptCommunication").or(false), text("encryptCommunicationType").of(p12, pem, keys),
		file("caCertInPkcs12File"), text("caCertInPkcs12FileContentType").or("application/x-pkcs12"),
		file("caInPemFile"), text("caInPemFileContentType").or("application/x-pem-file"),
		file("caTruststoreFile"), text("caTruststoreFileContentType").or("application/x-pkcs12"),
		text("caTruststoreFilePass").secret(),
		file("caKeystoreFile"), text("caKeystoreFileContentType").or("application/x-pkcs12"),
		text("caKeystoreFilePass").secret(),
		boolean("disableHostnameVerification").or(true),
		boolean("indexLifecyclePolicyCreated").or(false), lifecyclePolicy(),
		boolean("indexTemplateCreated").or(false), text("indexTemplateName"), text("indexName"),
		integer("indexTemplateNumberOfShards"), integer("indexTemplateNumberOfReplicas"), text("indexTemplateRefreshInterval"),
		integer("connectionTimeoutInMs"),
		boolean("socketReuseAddress").in(Legacy), boolean("socketKeepAlive").in(Legacy), integer("ioThreads").in(Legacy),
		integer("maxConnectionPerHost").in(Legacy), integer("maxConnectionTotal").in(Legacy),
		integer("bulkBufferCapacity").or(50000).in(Current), integer("bulkFlushIntervalMs").or(100).in(Current),
		integer("bulkMaxBatchSize").or(2500).in(Current),
		text("elasticsearchMajorVersion").or("AUTO_DETECT").of("AUTO_DETECT", "ES_7", "ES_8", "ES_9").in(Current),
	}, needs: []need{
		{"authenticate", []any{true}, []string{"elasticUsername", "elasticPassword"}},
		{"encryptCommunication", []any{true}, []string{"encryptCommunicationType"}},
		{"encryptCommunicationType", []any{p12}, []string{"caCertInPkcs12File"}},
		{"encryptCommunicationType", []any{pem}, []string{"caInPemFile"}},
		{"encryptCommunicationType", []any{keys}, []string{"caKeystoreFile", "caKeystoreFilePass"}},
		{"indexLifecyclePolicyCreated", []any{true}, []string{"indexLifecyclePolicy"}},
		{"indexTemplateCreated", []any{true}, []string{"indexTemplateName"}},
	}, check: func(fields map[string]any) string {
		policy, set := fields["indexLifecyclePolicy"].(map[string]any)
		if set && !slices.ContainsFunc([]string{"enableHotPhase", "enableWarmPhase", "enableColdPhase", "enableDeletePhase"},
			func(phase string) bool { return policy[phase] == true }) {
			return "indexLifecyclePolicy needs at least one phase"
		}
		return ""
	}}
}

func lifecyclePolicy() field {
	return object("indexLifecyclePolicy", text("policyName").or("apinizer-log-ilm-policy-default"),
		boolean("enableHotPhase").or(false), integer("maxAgeOfRollover"), integer("maxIndexSizeOfRollover"),
		long("maxDocCountOfRollover"), boolean("enableWarmPhase").or(false), integer("numberOfReplicasForWarm"),
		integer("maxNumShardsForShrink"), integer("maxNumSegmentsForForceMerge"), boolean("enableColdPhase").or(false),
		integer("minAgeOfCold"), integer("numberOfReplicasForCold"), boolean("enableDeletePhase").or(false),
		integer("minAgeOfDelete"))
}

// databaseType is section 8.4.
func databaseType() connectionType {
	overrides := func(name string) field {
		return mapOf(name, text("")).of("ApiProxyTraffic", "PolicyCapture", "AuditEvent", "Application", "UnsentMessage", "TokenTraffic")
	}
	return connectionType{Name: "database", Fields: []field{
		text("dbType").must().of("ORACLE", "MYSQL", "POSTGRES", "SQL_SERVER", "SYBASE", "DB2", "APACHE_HIVE", "APACHE_IMPALA",
			"MONGODB", "TRINO"),
		text("jdbcUrl").must().carries(), boolean("useCredentials").or(true), text("username"), text("databaseName"),
		text("password").secret(),
		integer("initialPoolSize").or(1), integer("minPoolSize").or(1), integer("maxPoolSize").or(5),
		integer("incrementCount").or(1), integer("maxStatements").or(100), integer("idleConnectionTestPeriod").or(30000),
		integer("connectionTimeout").or(30000), boolean("testConnectionOnCheckout").or(true),
		boolean("testConnectionOnCheckin").or(false), integer("maxConnectionAge").or(180000), integer("maxIdleTime").or(120000),
		text("selectedEnvironmentId"),
		text("defaultLogSchema").in(Current), overrides("logTableSchemaOverrides").in(Current),
		overrides("logTableNameOverrides").in(Current),
	}, needs: []need{{"useCredentials", []any{true}, []string{"username", "password"}}}}
}

// ldapType is section 8.5.
func ldapType() connectionType {
	return connectionType{Name: "ldap", Fields: []field{
		text("serverAddress").must(),
		text("requireCertificateType").or("NOT_REQUIRED").of("NOT_REQUIRED", "REQUIRED_CN", "REQUIRED_AN_PN"),
		text("username").must(), text("password").must().secret(), text("customFilter"),
		text("searchScope").or("SUBTREE").of("OBJECT", "ONE_LEVEL", "SUBTREE"), text("baseDn").must(),
		text("certificateId"), text("certificateName"), boolean("useSsl").or(false), text("selectedEnvironmentId"),
	}, check: func(fields map[string]any) string {
		validated := !slices.Contains([]any{nil, "NOT_REQUIRED"}, fields["requireCertificateType"])
		if fields["useSsl"] == true && validated && empty(fields["certificateId"]) {
			return "certificateId is required"
		}
		return ""
	}}
}

// ftpType is section 8.6.
func ftpType() connectionType {
	return connectionType{Name: "ftp", Fields: []field{
		text("host").must(), integer("port").or(21), text("username").must(), text("password").must().secret(),
		text("workingDir").or("/"), text("protocol").must().of("FTP", "SFTP", "FTPS").printedAs(map[string]string{
			"FTP": "ftp", "SFTP": "sftp", "FTPS": "ftps",
		}),
		integer("timeout").or(30000), integer("retryCount").or(3), boolean("useImplicit").or(false),
		boolean("useExplicit").or(false), text("sslProtocol"),
	}, check: func(fields map[string]any) string {
		implicit, explicit := fields["useImplicit"] == true, fields["useExplicit"] == true
		if implicit && explicit || fields["protocol"] == "FTPS" && implicit == explicit {
			return "exactly one of useImplicit and useExplicit must be true for FTPS"
		}
		return ""
	}}
}

// rabbitMQType is section 8.7.
func rabbitMQType() connectionType {
	return connectionType{Name: "rabbitMq", Fields: []field{
		list("hostPortList", object("", text("host").or("localhost"), integer("port").or(5672))).must().atLeast(1),
		text("connectionFactoryVirtualHost").or("/"), boolean("authenticationEnabled").or(false),
		text("connectionFactoryUsername"), text("connectionFactoryPassword").secret(),
		integer("connectionFactoryConnectionTimeout").or(60000),
		mapOf("connectionFactoryClientProperties", field{kind: anyKind}).carries(),
		integer("connectionFactoryRequestedChannelMax").or(2047), integer("connectionFactoryRequestedFrameMax").or(0),
		integer("connectionFactoryRequestedHeartbeat").or(60), boolean("connectionFactoryUseSslProtocol").or(false),
		text("connectionFactorySslProtocol").or("TLSv1.2"), text("channelExchange").or(""),
		text("channelRoutingKey").or("<queue-name>").in(Legacy), text("channelRoutingKey").in(Current),
		text("basicPropertiesAppId").or("apinizer"), text("basicPropertiesContentType").or("application/json"),
		text("basicPropertiesContentEncoding"), integer("basicPropertiesDeliveryMode").of("1", "2"),
		integer("basicPropertiesPriority"), text("basicPropertiesReplyTo"), text("basicPropertiesExpiration"),
		text("basicPropertiesType"), text("basicPropertiesUserId"), text("basicPropertiesClusterId"),
	}, needs: []need{
		{"authenticationEnabled", []any{true}, []string{"connectionFactoryUsername", "connectionFactoryPassword"}},
	}}
}

// activeMQType is section 8.8.
func activeMQType() connectionType {
	return connectionType{Name: "activeMq", Fields: []field{
		text("activeMqConnectionProtocolType").must().of("TCP", "AMQP"), text("brokerURL").must().carries(),
		text("username"), text("password").secret(), text("destinationType").must().of("QUEUE", "TOPIC"),
		text("destinationName").must(),
		text("sessionAcknowledgement").or("AUTO_ACKNOWLEDGE").of("AUTO_ACKNOWLEDGE", "CLIENT_ACKNOWLEDGE",
			"DUPS_OK_ACKNOWLEDGE", "SESSION_TRANSACTED"),
		long("sendTimeout").or(60000), long("requestTimeout").or(60000), long("closeTimeout").or(60000),
		long("connectTimeout").or(60000), text("contentType"), text("clientID"), text("contentEncoding"),
	}}
}

// snmpType is section 8.9.
func snmpType() connectionType {
	return connectionType{Name: "snmp", Fields: []field{
		text("version").must().or("V1").of("V1", "V2c", "V3"), text("connectionString").must().or("udp:192.168.1.2/162"),
		text("securityOrCommunityName").must().carries(), integer("retryCount"), integer("timeout"),
		text("messageType").of("TRAP", "INFORM"), text("pduOidForMessage").must(), text("pduOidForTime"),
		mapOf("pduVariableMap", text("")).or(map[string]any{}),
		text("securityLevel").of("NOAUTH_NOPRIV", "AUTH_NOPRIV", "AUTH_PRIV"),
		list("privacyProtocolList", text("").of(privacyProtocols...)).or([]any{}),
		boolean("enableUserAuthentication").or(false), text("securityName"),
		text("usmUserAuthenticationProtocol").of("AuthMD5", "AuthSHA", "AuthHMAC128SHA224", "AuthHMAC192SHA256",
			"AuthHMAC256SHA384", "AuthHMAC384SHA512"),
		text("authPassphrase").secret().atLeast(8), text("usmUserPrivacyProtocol").of(privacyProtocols...),
		text("privPassphrase").secret().atLeast(8),
	}, needs: []need{
		{"enableUserAuthentication", []any{true}, []string{"securityName"}},
		{"securityLevel", []any{"AUTH_NOPRIV", "AUTH_PRIV"}, []string{"usmUserAuthenticationProtocol", "authPassphrase"}},
		{"securityLevel", []any{"AUTH_PRIV"}, []string{"usmUserPrivacyProtocol", "privPassphrase"}},
	}}
}

var privacyProtocols = []string{
	"PrivAES128", "PrivAES192", "PrivAES192with3DES", "PrivAES256", "PrivAES256with3DES", "PrivDES", "Priv3DES",
}

// linuxScriptType is section 8.10.
func linuxScriptType() connectionType {
	return connectionType{Name: "linux-script", Fields: []field{
		text("hostName").must(), integer("sshPort").or(22), text("username").must(), text("password").must().secret(),
	}}
}

// graylogType is section 8.11.
func graylogType() connectionType {
	levels := []string{"EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"}
	printed := make(map[string]string, len(levels))
	for number, level := range levels {
		printed[level] = level + "(" + string(rune('0'+number)) + ")"
	}
	return connectionType{Name: "graylog", Fields: []field{
		text("hostname").must(), integer("port").or(12201), text("transportType").or("TCP").of("TCP", "UDP"),
		boolean("tlsEnabled").or(false), boolean("tlsCertVerificationEnabled").or(false),
		text("compressionType").or("NONE").of("NONE", "GZIP", "ZLIB"),
		text("gelfMessageLevel").or("INFO").of(levels...).printedAs(printed),
		integer("queueSize").or(512), integer("reconnectDelay").or(2500), integer("connectTimeout").or(10000),
		boolean("tcpNoDelay").or(true), boolean("tcpKeepAlive").or(false), integer("sendBufferSize").or(-1),
		integer("maxInflightSends").or(512), integer("threads").or(0), file("tlsTrustCertChainFile"),
		text("tlsTrustCertChainFileName"), boolean("appendToAttributes").or(true), boolean("appendToMessage").or(true),
	}, needs: []need{{"tlsCertVerificationEnabled", []any{true}, []string{"tlsTrustCertChainFile"}}}}
}

// syslogType is section 8.12.
func syslogType() connectionType {
	return connectionType{Name: "syslog", Fields: []field{
		text("syslogProtocolType").or("TCP").of("TCP", "UDP"), text("syslogMessageHostname").carries(),
		text("syslogServerHostname").must(), integer("syslogPort").or(514), integer("syslogTimeout").or(500),
		text("syslogMessageFormat").or("RFC_3164").of("RFC_3164", "RFC_5424", "RFC_5425"), text("syslogAppName").or("Apinizer"),
		text("syslogFacility").or("AUDIT").of("KERN", "USER", "MAIL", "DAEMON", "AUTH", "SYSLOG", "LPR", "NEWS", "UUCP", "CRON",
			"AUTHPRIV", "FTP", "NTP", "AUDIT", "ALERT", "CLOCK", "LOCAL0", "LOCAL1", "LOCAL2", "LOCAL3", "LOCAL4", "LOCAL5",
			"LOCAL6", "LOCAL7"),
		text("syslogSeverity").or("INFORMATIONAL").of("EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE",
			"INFORMATIONAL", "DEBUG"),
		boolean("syslogSslEnabled").or(false),
	}}
}

// webhookType is section 8.13.
func webhookType() connectionType {
	methods := []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"}
	return connectionType{Name: "webhook", Fields: []field{
		text("httpMethod").or("GET").of(methods...).in(Legacy),
		text("httpMethod").or("GET").of(append(slices.Clone(methods), "TRACE", "ALL")...).in(Current),
		text("fullUrl").must().carries(),
		list("headerList", object("", text("name").must(), text("value"))).or([]any{}).carries(),
		integer("timeout").or(2), integer("connectionPoolMaxConnectionPerHost").or(24),
		integer("connectionPoolMaxConnectionTotal").or(48),
	}}
}

// logbackType is section 8.14.
func logbackType() connectionType {
	return connectionType{Name: "logback", Fields: []field{
		text("logPath").must().or("/path/to/logs/"), text("logFileName").must().or("ApinizerApiProxyTraffic"),
		text("logPodName").must().or(""), text("logFilenamePattern").must().or("%d{yyyy-MM-dd}.%i.log"),
		text("logPattern").must().or("%d{yyyy-MM-dd HH:mm:ss.SSS}[%m]%n"), integer("maxFileSize").must().or(25),
		integer("maxHistory").must().or(0), integer("totalSizeCap").must().or(0),
	}}
}

// normalise does what the server does to a definition that it takes (facts, 7.2).
func (t *connectionType) normalise(fields map[string]any) {
	if t.Name != "logback" {
		return
	}
	if path, ok := fields["logPath"].(string); ok && path != "" && !strings.HasSuffix(path, "/") {
		fields["logPath"] = path + "/"
	}
	if name, ok := fields["logFileName"].(string); ok {
		fields["logFileName"] = strings.TrimPrefix(name, "/")
	}
	if fields["logPodName"] == "" {
		fields["logPodName"] = "apinizer-manager-0"
	}
}

// provided reports whether a value will do for a required field; a blank one does where it is the default.
func (f field) provided(value any) bool { return !empty(value) || value == "" && f.standard == "" }

// empty reports whether a value counts as missing.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
