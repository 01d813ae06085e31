package statement

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// public are statements that people published, in the order in which they were collected; parts that were cut or redacted
// have invented values. Those of Qlik Cloud are the first eight.
var public = []struct {
	text  string
	clean string // keys with a clean value; empty: it is not decoded
	other string // keys with another value
}{
	{`CUSTOM CONNECT TO "provider=QvWebConnectorPackage.exe;sourceType=File_AmazonS3ConnectorV2;region=us-east-1;bucketName=bucket-name;"`, "provider sourceType region bucketName", ""},
	{`CUSTOM CONNECT TO "provider=QvWebConnectorPackage.exe;sourceType=File_GoogleCloudStorageConnector;bucketName=mybucket;"`, "provider sourceType bucketName", ""},
	{`CUSTOM CONNECT TO "provider=QvWebStorageProviderConnectorPackage.exe;sourceType=File_AmazonS3ConnectorV2;region=us-west-2;bucketName=new-bucket-name;"`, "provider sourceType region bucketName", ""},
	{`CUSTOM CONNECT TO "provider=QvWebStorageProviderConnectorPackage.exe; sourceType=File_AmazonS3Connector; region=eu-west-1; bucketName=b;"`, "provider sourceType region bucketName", ""},
	{
		`CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=gbq;OAuthMechanism=0;SupportOldClient=true;Catalog_Old=P;separateCredentials=false;Catalog=P;Min_TLS=1.2;SQLDialect=1;RowsFetchedPerBlock=16384;DefaultStringColumnLength=65535;AllowLargeResults=false;EnableHTAPI=false;HTAPI_MinResultsSize=1000;HTAPI_MinActivationRatio=3;allowNonSelectQueries=false;QueryTimeout=30;Timeout=300;useBulkReader=true;bulkFetchSize=50;rowBatchSize=1;bulkFetchColumnMode=true;maxStringLength=4096;logSQLStatements=false;"`,
		"provider driver OAuthMechanism SupportOldClient Catalog_Old separateCredentials Catalog Min_TLS SQLDialect RowsFetchedPerBlock DefaultStringColumnLength AllowLargeResults EnableHTAPI HTAPI_MinResultsSize HTAPI_MinActivationRatio allowNonSelectQueries QueryTimeout Timeout useBulkReader bulkFetchSize rowBatchSize bulkFetchColumnMode maxStringLength logSQLStatements", "",
	},
	{`CUSTOM CONNECT TO "provider=qix-datafiles.exe;path=test_space:datafiles;"`, "provider path", ""},
	{
		`CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://jsonplaceholder.typicode.com/posts/1;timeout=30;method=GET;httpProtocol=1.1;isKeepAlive=true;bodyEncoding=UTF-8;sendExpect100Continue=true;autoDetectResponseType=true;checkResponseTypeOnTestConnection=true;keyGenerationStrategy=0;authSchema=anonymous;skipServerCertificateValidation=false;PaginationType=None;allowResponseHeaders=false;allowHttpsOnly=false;useProxy=false;"`,
		"provider url timeout method httpProtocol isKeepAlive bodyEncoding sendExpect100Continue autoDetectResponseType checkResponseTypeOnTestConnection keyGenerationStrategy authSchema skipServerCertificateValidation PaginationType allowResponseHeaders allowHttpsOnly useProxy", "",
	},
	{`CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=snowflake;server=acme.snowflake.example"`, "provider driver server", ""},
	{`CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=mysql;host=db"`, "provider driver host", ""},
	{`CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=sqlserver;host=sqlprod01.contoso.local;database=SalesDW;"`, "provider driver host database", ""},
	{`CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=postgres;host=localhost;port=4432;db=postgres;FetchTSWTZasTimestamp=1;MaxVarcharSize=262144;"`, "provider driver host port db FetchTSWTZasTimestamp MaxVarcharSize", ""},
	{
		`CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://localhost/win/qrs/app/full;timeout=900;method=GET;autoDetectResponseType=true;keyGenerationStrategy=0;authSchema=ntlm;trustedLocations=qrs-proxy%2https://localhost:4244;queryParameters=xrfkey%20000000000000000;addMissingQueryParametersToFinalRequest=false;queryHeaders=X-Qlik-XrfKey%20000000000000000%1User-Agent%2Windows;PaginationType=None;"`,
		"provider url timeout method autoDetectResponseType keyGenerationStrategy authSchema addMissingQueryParametersToFinalRequest PaginationType", "trustedLocations queryParameters queryHeaders",
	},
	{
		`CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://host.example:4242/qrs/app/full;timeout=999;useCertificate=FromFile;certificateFilePath=host\client.pfx;queryHeaders=X-Qlik-XrfKey%20000000000000000%1X-Qlik-User%2UserDirectory%%2INTERNAL%%1 %%userid%%2sa_api;PaginationType=None;"`,
		"provider url timeout useCertificate certificateFilePath PaginationType", "queryHeaders",
	},
	{
		`CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=http://www.sentiment140.com/api/classify?text%2&query%2&appid%2&language%2;keyGenerationStrategy=-1;queryParameters=text%2;PaginationType=Custom;OffsetStartField=Sentiment;IsOffsetStartFieldHeader=false;"`,
		"provider keyGenerationStrategy PaginationType OffsetStartField IsOffsetStartFieldHeader", "url queryParameters",
	},
	{`CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://next.example;PaginationType=NextUrl;NextUrlFieldPath=next;IsNextUrlFieldPathHeader=false;"`, "provider url PaginationType NextUrlFieldPath IsNextUrlFieldPathHeader", ""},
	{`CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=http://localhost:8080/a;queryParameters=id%2X%1user%2U%1cantBajar%2N;addMissingQueryParametersToFinalRequest=false;allowHttpsOnly=false;"`, "provider url addMissingQueryParametersToFinalRequest allowHttpsOnly", "queryParameters"},
	{`CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://data.example.uz/apiPartner/Partner/WebService?token%2not-a-real-token&name%2acme;timeout=30;method=GET;authSchema=anonymous;"`, "provider timeout method authSchema", "url"},
	{`CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://qlik.corp.example.com/qrs/app"`, "provider url", ""},
	{`CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://localhost/qrs/task/full;timeout=180;useWindowsAuthentication=true;queryHeaders=X-Qlik-XrfKey%20000000000000000;"`, "provider url timeout useWindowsAuthentication", "queryHeaders"},
	{`CUSTOM CONNECT TO "provider=jdbc;driver=postgresql;host=postgres-database;port=5432;database=postgres"`, "provider driver host port database", ""},
	{`CUSTOM CONNECT TO "provider=jdbc;driver=awsathena;AwsRegion=eu-central-1;S3OutputLocation=s3://aws-athena-query-results-acme"`, "provider driver AwsRegion S3OutputLocation", ""},
	{`CUSTOM CONNECT TO "provider=prometheus-connector;hostname=prom-connector"`, "provider hostname", ""},
	{`CUSTOM CONNECT TO "provider=postgres-grpc-connector;host=host.docker.internal;port=5432;database=test"`, "provider host port database", ""},
	{`CUSTOM CONNECT TO "provider=GenericRestConnector.exe;source=local;auth-method=OAuth;username=admin;dictionary=D;url=U;password=not-a-real-password;token=not-a-real-token"`, "provider source auth-method username dictionary url password token", ""},
	{`CUSTOM CONNECT TO "provider=testconnector;userid=U;password=not-a-real-password;host=localhost;"`, "provider userid password host", ""},
	{`CUSTOM CONNECT TO "provider=ODBC;dsn=HR_Prod"`, "provider dsn", ""},
	{`OLEDB CONNECT TO [Provider=SQLOLEDB.1;Password=not-a-real-password;Persist Security Info=True;User ID=sa;Data Source=db;Use Procedure for Prepare=1;Auto Translate=True;Packet Size=4096;]`, "", ""},
	{`ODBC CONNECT TO [DSN=Redshift;UID=etl;PWD=not-a-real-password]`, "", ""},
	{`OLEDB CONNECT TO [Provider=Snowflake;Server=acme.example;Database=PROD;User=svc;Password=not-a-real-password;Warehouse=WH_XL]`, "", ""},
	{`OLEDB CONNECT TO [Provider=SQLOLEDB.1;Integrated Security=SSPI;Persist Security Info=False;Initial Catalog=BI;Data Source=.\sqlexpress;]`, "", ""},
	{`http://host:5555/data?connectorID=not-a-real-connector`, "", ""},
	{`C:\qlik\doc\dataset\`, "", ""}, // the second form of the last one
}

func TestWhichPublicStatementsAreDecoded(t *testing.T) {
	decoded := 0
	for i, test := range public {
		statement := NewText(test.text).Parse()
		if statement == nil {
			if test.clean != "" {
				t.Errorf("%d: not decoded, want the keys %s", i+1, test.clean)
			}
			continue
		}
		decoded++
		var clean, other []string
		for _, key := range statement.Keys() {
			if isClean(statement.values[key]) {
				clean = append(clean, key)
			} else {
				other = append(other, key)
			}
		}
		if got := strings.Join(clean, " "); got != test.clean {
			t.Errorf("%d: got clean keys %s, want %s", i+1, got, test.clean)
		}
		if got := strings.Join(other, " "); got != test.other {
			t.Errorf("%d: got other keys %s, want %s", i+1, got, test.other)
		}
	}
	if decoded != 26 {
		t.Errorf("%d public statements are decoded, want 26 of 31", decoded)
	}
}

func TestAPublicStatementProvesNothingWithoutASample(t *testing.T) {
	for i, test := range public {
		statement := NewText(test.text).Parse()
		empty := NewSample(strings.Fields(test.clean)...)
		if got := empty.Properties(statement); len(got) > 0 {
			t.Errorf("%d: an empty sample proves %d properties, want none", i+1, len(got))
		}
		few := NewSample(strings.Fields(test.clean)...)
		for range 2 { // of three that are needed
			few.Add(statement, map[string]any{"provider": "QvRestConnector.exe", "url": "https://qlik.corp.example.com/qrs/app"})
		}
		if got := few.Properties(statement); len(got) > 0 {
			t.Errorf("%d: two connections prove %d properties, want none", i+1, len(got))
		}
	}
}

// TestNoFormatShowsAStatement prints each statement in every way that a program has by mistake.
func TestNoFormatShowsAStatement(t *testing.T) {
	for i, test := range public {
		text := NewText(test.text)
		sample := NewSample("url", "host")
		for range 3 {
			sample.Add(text.Parse(), map[string]any{"url": "https://shown.example"})
		}
		holder := struct {
			Text      Text
			Pointer   *Text
			Statement *Statement
			Sample    *Sample
			List      []*Statement
			Map       map[string]Text
		}{text, &text, text.Parse(), sample, []*Statement{text.Parse()}, map[string]Text{"a": text}}
		var printed []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%U"} {
			for _, value := range []any{text, &text, holder.Statement, holder.Sample, holder.List, holder.Map, errors.New(fmt.Sprint(text)), holder} {
				printed = append(printed, fmt.Sprintf(verb, value))
			}
			if holder.Statement != nil {
				printed = append(printed, fmt.Sprintf(verb, *holder.Statement))
			}
		}
		data, err := json.Marshal(holder)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
			slog.New(handler).Info("statement", "text", text, "pointer", &text, "statement", holder.Statement, "all", holder.List)
		}
		printed = append(printed, string(data), log.String(), panicked(func() { panic(text) }), panicked(func() { panic(holder.Statement) }))
		for _, part := range append(secretsOf(test.text), "https://shown.example") {
			if j := slices.IndexFunc(printed, func(text string) bool {
				return strings.Contains(text, part) || strings.Contains(text, fmt.Sprintf("%x", part))
			}); j >= 0 {
				t.Errorf("%d: a part of the statement is in %s", i+1, printed[j])
			}
		}
	}
}

// secretsOf returns the values in a statement, and the statement.
func secretsOf(text string) []string {
	parts := []string{text}
	for pair := range strings.SplitSeq(text, ";") {
		if _, value, _ := strings.Cut(pair, "="); len(value) > 5 {
			parts = append(parts, value)
		}
	}
	return parts
}

func panicked(do func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	do()
	return ""
}
