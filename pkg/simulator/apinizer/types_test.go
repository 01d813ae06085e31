package apinizer_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
)

// sample is a connection of one type with every documented field set, to another value than its default. The fields
// that only the documentation of the current dialect has are under current.
type sample struct {
	fields, current, legacy string
	secrets                 []string // not read back, except for email
}

// samples are the tables of section 8 in values.
var samples = map[string]sample{
	"email": {fields: `{"host": "h", "port": 25, "enableStartTls": true, "auth": true, "username": "u", "password": "p", "defaultEncoding": "UTF-16",
		"addressToTest": "a@example.com", "from": "f@example.com", "additionalProperties": [{"key": "mail.debug", "value": "true"}]}`},
	"kafka": {fields: `{"topicName": "t", "enableSecure": true, "protocolTypes": ["TLS_1_3"], "keyStoreName": "ks", "trustStoreName": "ts",
		"propertiesMap": {"bootstrap.servers": {"value": "k:9092", "valueType": "STRING_LIST"}, "key.serializer": {"value": "K", "valueType": "STRING"},
			"value.serializer": {"value": "V", "valueType": "STRING"}, "linger.ms": {"value": "5", "valueType": "LONG"}}}`},
	"elasticsearch": {
		fields: `{"administrate": true, "elasticHostList": [{"scheme": "https", "host": "e", "port": 443}], "authenticate": true,
		"elasticUsername": "u", "elasticPassword": "p", "encryptCommunication": true, "encryptCommunicationType": "CERT_AND_PRIVATE_KEY_IN_PKCS_12",
		"caCertInPkcs12File": "Zg==", "caCertInPkcs12FileContentType": "x/1", "caInPemFile": "Zw==", "caInPemFileContentType": "x/2",
		"caTruststoreFile": "aA==", "caTruststoreFileContentType": "x/3", "caTruststoreFilePass": "p2", "caKeystoreFile": "aQ==",
		"caKeystoreFileContentType": "x/4", "caKeystoreFilePass": "p3", "disableHostnameVerification": false, "indexLifecyclePolicyCreated": true,
		"indexLifecyclePolicy": {"policyName": "n", "enableHotPhase": true, "maxAgeOfRollover": 1, "maxIndexSizeOfRollover": 2,
			"maxDocCountOfRollover": 4294967296, "enableWarmPhase": true, "numberOfReplicasForWarm": 1, "maxNumShardsForShrink": 1,
			"maxNumSegmentsForForceMerge": 1, "enableColdPhase": true, "minAgeOfCold": 3, "numberOfReplicasForCold": 1, "enableDeletePhase": true,
			"minAgeOfDelete": 9}, "indexTemplateCreated": true, "indexTemplateName": "it", "indexName": "i", "indexTemplateNumberOfShards": 1,
		"indexTemplateNumberOfReplicas": 2, "indexTemplateRefreshInterval": "5s", "connectionTimeoutInMs": 7}`,
		legacy:  `{"socketReuseAddress": true, "socketKeepAlive": true, "ioThreads": 2, "maxConnectionPerHost": 3, "maxConnectionTotal": 4}`,
		current: `{"bulkBufferCapacity": 1, "bulkFlushIntervalMs": 2, "bulkMaxBatchSize": 3, "elasticsearchType": "READ", "elasticsearchMajorVersion": "ES_8"}`,
		secrets: []string{
			"elasticPassword", "caCertInPkcs12File", "caInPemFile", "caTruststoreFile", "caTruststoreFilePass", "caKeystoreFile", "caKeystoreFilePass",
		},
	},
	"database": {
		fields: `{"dbType": "ORACLE", "jdbcUrl": "jdbc:oracle:thin:@//h/x", "useCredentials": false, "username": "u", "databaseName": "d",
		"password": "p", "initialPoolSize": 2, "minPoolSize": 2, "maxPoolSize": 9, "incrementCount": 2, "maxStatements": 1, "idleConnectionTestPeriod": 1,
		"connectionTimeout": 1, "testConnectionOnCheckout": false, "testConnectionOnCheckin": true, "maxConnectionAge": 1, "maxIdleTime": 1,
		"selectedEnvironmentId": "e1"}`,
		current: `{"defaultLogSchema": "s", "logTableSchemaOverrides": {"AuditEvent": "a"}, "logTableNameOverrides": {"TokenTraffic": "t"}}`,
		secrets: []string{"password"},
	},
	"ldap": {
		fields: `{"serverAddress": "ldaps://l", "requireCertificateType": "REQUIRED_CN", "username": "cn=a", "password": "p", "customFilter": "(uid={0})",
		"searchScope": "OBJECT", "baseDn": "dc=a", "certificateId": "c1", "certificateName": "c", "useSsl": true, "selectedEnvironmentId": "e1"}`,
		secrets: []string{"password"},
	},
	"ftp": {fields: `{"host": "h", "port": 990, "username": "u", "password": "p", "workingDir": "/w", "protocol": "FTPS", "timeout": 1, "retryCount": 1,
		"useImplicit": true, "useExplicit": false, "sslProtocol": "TLSv1.3"}`, secrets: []string{"password"}},
	"rabbitMq": {
		fields: `{"hostPortList": [{"host": "r", "port": 1}], "connectionFactoryVirtualHost": "/v", "authenticationEnabled": true,
		"connectionFactoryUsername": "u", "connectionFactoryPassword": "p", "connectionFactoryConnectionTimeout": 1,
		"connectionFactoryClientProperties": {"a": {"b": [1]}}, "connectionFactoryRequestedChannelMax": 1, "connectionFactoryRequestedFrameMax": 1,
		"connectionFactoryRequestedHeartbeat": 1, "connectionFactoryUseSslProtocol": true, "connectionFactorySslProtocol": "TLSv1.3",
		"channelExchange": "x", "channelRoutingKey": "k", "basicPropertiesAppId": "a", "basicPropertiesContentType": "text/plain",
		"basicPropertiesContentEncoding": "gzip", "basicPropertiesDeliveryMode": 2, "basicPropertiesPriority": 9, "basicPropertiesReplyTo": "q",
		"basicPropertiesExpiration": "60000", "basicPropertiesType": "t", "basicPropertiesUserId": "i", "basicPropertiesClusterId": "c"}`,
		secrets: []string{"connectionFactoryPassword"},
	},
	"activeMq": {fields: `{"activeMqConnectionProtocolType": "AMQP", "brokerURL": "amqp://b", "username": "u", "password": "p", "destinationType": "TOPIC",
		"destinationName": "d", "sessionAcknowledgement": "CLIENT_ACKNOWLEDGE", "sendTimeout": 4294967296, "requestTimeout": 1, "closeTimeout": 1,
		"connectTimeout": 1, "contentType": "c", "clientID": "i", "contentEncoding": "e"}`, secrets: []string{"password"}},
	"snmp": {fields: `{"version": "V3", "connectionString": "tcp:h/1", "securityOrCommunityName": "s", "retryCount": 1, "timeout": 1,
		"messageType": "INFORM", "pduOidForMessage": "1.3", "pduOidForTime": "1.4", "pduVariableMap": {"1.5": "v"}, "securityLevel": "AUTH_PRIV",
		"privacyProtocolList": ["PrivAES128", "Priv3DES"], "enableUserAuthentication": true, "securityName": "n",
		"usmUserAuthenticationProtocol": "AuthSHA", "authPassphrase": "passphrase", "usmUserPrivacyProtocol": "PrivDES",
		"privPassphrase": "passphrase2"}`, secrets: []string{"authPassphrase", "privPassphrase"}},
	"linux-script": {fields: `{"hostName": "h", "sshPort": 2222, "username": "u", "password": "p"}`, secrets: []string{"password"}},
	"graylog": {fields: `{"hostname": "h", "port": 1, "transportType": "UDP", "tlsEnabled": true, "tlsCertVerificationEnabled": true,
		"compressionType": "GZIP", "gelfMessageLevel": "DEBUG", "queueSize": 1, "reconnectDelay": 1, "connectTimeout": 1, "tcpNoDelay": false,
		"tcpKeepAlive": true, "sendBufferSize": 1, "maxInflightSends": 1, "threads": 1, "tlsTrustCertChainFile": "Zg==",
		"tlsTrustCertChainFileName": "f.pem", "appendToAttributes": false, "appendToMessage": false}`, secrets: []string{"tlsTrustCertChainFile"}},
	"syslog": {fields: `{"syslogProtocolType": "UDP", "syslogMessageHostname": "m", "syslogServerHostname": "h", "syslogPort": 1, "syslogTimeout": 1,
		"syslogMessageFormat": "RFC_5424", "syslogAppName": "a", "syslogFacility": "LOCAL7", "syslogSeverity": "DEBUG", "syslogSslEnabled": true}`},
	"webhook": {fields: `{"httpMethod": "POST", "fullUrl": "https://w", "headerList": [{"name": "X-API-Key", "value": "k"}, {"name": "A", "value": "b"}],
		"timeout": 9, "connectionPoolMaxConnectionPerHost": 1, "connectionPoolMaxConnectionTotal": 1}`},
	"logback": {fields: `{"logPath": "/l/", "logFileName": "f", "logPodName": "p", "logFilenamePattern": "%d{yyyy}.log", "logPattern": "%m%n",
		"maxFileSize": 1, "maxHistory": 1, "totalSizeCap": 1}`},
}

// under returns the fields of a sample in a dialect.
func (s sample) under(t *testing.T, dialect string) map[string]any {
	t.Helper()
	texts := []string{s.fields}
	if dialect == "current" && s.current != "" {
		texts = append(texts, s.current)
	}
	if dialect == "legacy" && s.legacy != "" {
		texts = append(texts, s.legacy)
	}
	fields := map[string]any{}
	for _, text := range texts {
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			t.Fatal(err)
		}
	}
	return fields
}

// TestEveryDocumentedFieldIsKept writes and reads all fields of all types in both dialects (facts, section 8).
func TestEveryDocumentedFieldIsKept(t *testing.T) {
	if len(samples) != 14 {
		t.Fatalf("got samples of %d types, want 14", len(samples))
	}
	for _, dialect := range []string{"current", "legacy"} {
		for name, s := range samples {
			t.Run(dialect+" "+name, func(t *testing.T) {
				r := newRig(t, under(`"dialect": "`+dialect+`", "storeNames": true`), apinizer.Options{})
				fields := s.under(t, dialect)
				body := maps.Clone(fields)
				body["type"], body["name"] = name, "c"
				body["description"], body["deployToWorker"], body["enabled"] = "d", false, false
				r.want(200, "POST", connections+"c/", compact(t, body))

				got := r.one("c")
				for key, value := range body {
					if slices.Contains(s.secrets, key) {
						value = nil
					}
					if key == "type" && name == "elasticsearch" && dialect == "legacy" {
						value = "READ_WRITE" // the key is there twice, and the last one counts
					}
					if !reflect.DeepEqual(got[key], value) {
						t.Errorf("%s: %v, want %v", key, got[key], value)
					}
				}
				for key := range got {
					if _, written := body[key]; !written {
						t.Errorf("the sample lacks %s", key)
					}
				}
				for _, key := range s.secrets {
					if !r.SecretEquals("Payments", "c", key, fields[key].(string)) {
						t.Errorf("the secret %s is not stored with the value that was sent", key)
					}
				}
				r.noMisuse()
			})
		}
	}
}

// TestEveryFieldIsLostByAPutThatLacksIt takes one field after the other out of a PUT: it falls back to its default, or the
// PUT is refused where it is required. A secret is lost (facts, 6.2 and 6.3).
func TestEveryFieldIsLostByAPutThatLacksIt(t *testing.T) {
	for name, s := range samples {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, under(`"storeNames": true`), apinizer.Options{})
			whole := s.under(t, "current")
			whole["type"], whole["name"] = name, "c"
			for field := range whole {
				if field == "type" || field == "name" {
					continue
				}
				r.want(200, "POST", connections+"c/", compact(t, whole))
				before := r.one("c")
				without := maps.Clone(whole)
				delete(without, field)
				got := r.do("PUT", connections+"c/", compact(t, without))
				if got.status == 400 {
					if !strings.Contains(got.text, field) || !reflect.DeepEqual(r.one("c"), before) {
						t.Errorf("%s: got %s, want a refusal that names the field and changes nothing", field, got.text)
					}
					continue
				}
				after := r.one("c")
				if slices.Contains(s.secrets, field) {
					if !r.SecretEquals("Payments", "c", field, "") {
						t.Errorf("the secret %s is still there", field)
					}
				} else if reflect.DeepEqual(after[field], whole[field]) && field != "useExplicit" { // its default
					t.Errorf("%s is still %v after a PUT that lacked the field", field, after[field])
				}
			}
			r.noMisuse()
		})
	}
}

// TestDefaultsAreThoseOfTheDocumentation creates each type from what is required alone.
func TestDefaultsAreThoseOfTheDocumentation(t *testing.T) {
	for name, want := range map[string]string{
		`"email", "host": "h"`:                  `{"additionalProperties":[],"addressToTest":null,"auth":false,"defaultEncoding":"UTF-8","enableStartTls":false,"from":null,"host":"h","password":null,"port":587,"username":null}`,
		kafka:                                   `{"enableSecure":false,"keyStoreId":null,"propertiesMap":{"bootstrap.servers":{"value":"k","valueType":"STRING"},"key.serializer":{"value":"k","valueType":"STRING"},"value.serializer":{"value":"k","valueType":"STRING"}},"protocolTypes":[],"topicName":"t","trustStoreId":null}`,
		elastic:                                 `{"administrate":false,"authenticate":null,"bulkBufferCapacity":50000,"bulkFlushIntervalMs":100,"bulkMaxBatchSize":2500,"caCertInPkcs12File":null,"caCertInPkcs12FileContentType":"application/x-pkcs12","caInPemFile":null,"caInPemFileContentType":"application/x-pem-file","caKeystoreFile":null,"caKeystoreFileContentType":"application/x-pkcs12","caKeystoreFilePass":null,"caTruststoreFile":null,"caTruststoreFileContentType":"application/x-pkcs12","caTruststoreFilePass":null,"connectionTimeoutInMs":null,"disableHostnameVerification":true,"elasticHostList":[{"host":"e","port":9200,"scheme":"http"}],"elasticPassword":null,"elasticUsername":null,"elasticsearchMajorVersion":"AUTO_DETECT","elasticsearchType":"READ_WRITE","encryptCommunication":false,"encryptCommunicationType":null,"indexLifecyclePolicy":null,"indexLifecyclePolicyCreated":false,"indexName":null,"indexTemplateCreated":false,"indexTemplateName":null,"indexTemplateNumberOfReplicas":null,"indexTemplateNumberOfShards":null,"indexTemplateRefreshInterval":null}`,
		`"syslog", "syslogServerHostname": "h"`: `{"syslogAppName":"Apinizer","syslogFacility":"AUDIT","syslogMessageFormat":"RFC_3164","syslogMessageHostname":null,"syslogPort":514,"syslogProtocolType":"TCP","syslogServerHostname":"h","syslogSeverity":"INFORMATIONAL","syslogSslEnabled":false,"syslogTimeout":500}`,
		`"webhook", "fullUrl": "https://w"`:     `{"connectionPoolMaxConnectionPerHost":24,"connectionPoolMaxConnectionTotal":48,"fullUrl":"https://w","headerList":[],"httpMethod":"GET","timeout":2}`,
		`"graylog", "hostname": "h"`:            `{"appendToAttributes":true,"appendToMessage":true,"compressionType":"NONE","connectTimeout":10000,"gelfMessageLevel":"INFO","hostname":"h","maxInflightSends":512,"port":12201,"queueSize":512,"reconnectDelay":2500,"sendBufferSize":-1,"tcpKeepAlive":false,"tcpNoDelay":true,"threads":0,"tlsCertVerificationEnabled":false,"tlsEnabled":false,"tlsTrustCertChainFile":null,"tlsTrustCertChainFileName":null,"transportType":"TCP"}`,
		`"rabbitMq", "hostPortList": [{}]`:      `{"authenticationEnabled":false,"basicPropertiesAppId":"apinizer","basicPropertiesClusterId":null,"basicPropertiesContentEncoding":null,"basicPropertiesContentType":"application/json","basicPropertiesDeliveryMode":null,"basicPropertiesExpiration":null,"basicPropertiesPriority":null,"basicPropertiesReplyTo":null,"basicPropertiesType":null,"basicPropertiesUserId":null,"channelExchange":"","channelRoutingKey":null,"connectionFactoryClientProperties":null,"connectionFactoryConnectionTimeout":60000,"connectionFactoryPassword":null,"connectionFactoryRequestedChannelMax":2047,"connectionFactoryRequestedFrameMax":0,"connectionFactoryRequestedHeartbeat":60,"connectionFactorySslProtocol":"TLSv1.2","connectionFactoryUseSslProtocol":false,"connectionFactoryUsername":null,"connectionFactoryVirtualHost":"/","hostPortList":[{"host":"localhost","port":5672}]}`,
		snmp:                                    `{"authPassphrase":null,"connectionString":"udp:h/1","enableUserAuthentication":false,"messageType":null,"pduOidForMessage":"1.3","pduOidForTime":null,"pduVariableMap":{},"privPassphrase":null,"privacyProtocolList":[],"retryCount":null,"securityLevel":null,"securityName":null,"securityOrCommunityName":"s","timeout":null,"usmUserAuthenticationProtocol":null,"usmUserPrivacyProtocol":null,"version":"V1"}`,
		`"linux-script", "hostName": "h", "username": "u", "password": "p"`:                                                                                                      `{"hostName":"h","password":null,"sshPort":22,"username":"u"}`,
		`"database", "dbType": "MYSQL", "jdbcUrl": "j", "useCredentials": false`:                                                                                                 `{"connectionTimeout":30000,"databaseName":null,"dbType":"MYSQL","defaultLogSchema":null,"idleConnectionTestPeriod":30000,"incrementCount":1,"initialPoolSize":1,"jdbcUrl":"j","logTableNameOverrides":null,"logTableSchemaOverrides":null,"maxConnectionAge":180000,"maxIdleTime":120000,"maxPoolSize":5,"maxStatements":100,"minPoolSize":1,"password":null,"selectedEnvironmentId":null,"testConnectionOnCheckin":false,"testConnectionOnCheckout":true,"useCredentials":false,"username":null}`,
		`"ldap", "serverAddress": "l", "username": "u", "password": "p", "baseDn": "d"`:                                                                                          `{"baseDn":"d","certificateId":null,"certificateName":null,"customFilter":null,"password":null,"requireCertificateType":"NOT_REQUIRED","searchScope":"SUBTREE","selectedEnvironmentId":null,"serverAddress":"l","useSsl":false,"username":"u"}`,
		`"ftp", "host": "h", "username": "u", "password": "p", "protocol": "FTP"`:                                                                                                `{"host":"h","password":null,"port":21,"protocol":"FTP","retryCount":3,"sslProtocol":null,"timeout":30000,"useExplicit":false,"useImplicit":false,"username":"u","workingDir":"/"}`,
		`"activeMq", "activeMqConnectionProtocolType": "TCP", "brokerURL": "tcp://b", "destinationType": "QUEUE", "destinationName": "q"`:                                        `{"activeMqConnectionProtocolType":"TCP","brokerURL":"tcp://b","clientID":null,"closeTimeout":60000,"connectTimeout":60000,"contentEncoding":null,"contentType":null,"destinationName":"q","destinationType":"QUEUE","password":null,"requestTimeout":60000,"sendTimeout":60000,"sessionAcknowledgement":"AUTO_ACKNOWLEDGE","username":null}`,
		`"logback", "logPath": "/p", "logFileName": "/f", "logPodName": "", "logFilenamePattern": "f", "logPattern": "m", "maxFileSize": 25, "maxHistory": 0, "totalSizeCap": 0`: `{"logFileName":"f","logFilenamePattern":"f","logPath":"/p/","logPattern":"m","logPodName":"apinizer-manager-0","maxFileSize":25,"maxHistory":0,"totalSizeCap":0}`,
	} {
		kind, _, _ := strings.Cut(name, ",")
		t.Run(kind, func(t *testing.T) {
			r := newRig(t, acme, apinizer.Options{})
			r.want(200, "POST", connections+"c/", `{"name": "c", "type": `+name+`}`)
			got := r.one("c")
			for _, common := range []string{"type", "name", "description", "deployToWorker", "enabled"} {
				delete(got, common)
			}
			if text := compact(t, got); text != want {
				t.Errorf("got  %s\nwant %s", text, want)
			}
			r.noMisuse()
		})
	}
}
