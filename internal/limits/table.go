package limits

const (
	file      = "one file"
	project   = "the connection files of a project"
	patterns  = "entries under `connections`"
	schema    = "the JSON Schema of a data source"
	folder    = "the folder of vendored schemas"
	answer    = "one answer of a service"
	tenant    = "one reading of a tenant"
	saved     = "a saved plan, result, drift report or snapshot"
	history   = "a history of drift"
	embedded  = "the embedded tenant"
	secret    = "a secret from a file or a command"
	bombsTest = "TestNoBombTakesMoreThanTenSecondsOrAGigabyte"
	overTest  = "TestAProjectIsBoundedOverAllItsFiles"
)

// The limits that code uses by name.
var (
	Filled       = Limit{Of: "texts with their variables filled in", Text: "%s for each tenant", Most: FilledBytes, Bytes: true, Raised: true, Test: "TestTheLimitsOfAProjectAreRaised"}
	Tenants      = Limit{Of: "tenants of a fleet", Text: "%s", Most: FleetTenants, Raised: true, Test: "TestAListOfTenantsIsBounded"}
	SchemaCount  = Limit{Of: folder, Text: "%s files", Most: SchemaFiles, Raised: true, Test: "TestTheFolderOfSchemasIsBounded"}
	SchemaFolder = Limit{Of: folder, Text: "%s", Most: SchemaFolderBytes, Bytes: true, Raised: true, Test: "TestTheFolderOfSchemasIsBounded"}
	Saved        = Limit{Of: saved, Text: "%s", Most: SavedBytes, Bytes: true, Raised: true, Test: "TestASavedFileIsBounded"}
	SavedValues  = Limit{Of: saved, Text: "%s commas and brackets", Most: SavedMarks, Raised: true, Test: "TestASavedFileIsBounded"}
	Cache        = Limit{Of: "the cache of what was read", Text: "%s, and a larger one is not kept", Most: CacheBytes, Bytes: true, Raised: true, Test: "TestACacheThatIsTooLargeIsNotKept"}
	History      = Limit{Of: history, Text: "the last %s", Most: HistoryBytes, Bytes: true, Test: "TestOnlyTheEndOfALongHistoryIsRead"}
	Seed         = Limit{Of: embedded, Text: "a seed or a list of faults of %s", Most: FileBytes, Bytes: true, Test: "TestASeedIsBounded"}
	SeedList     = Limit{Of: embedded, Text: "%s items of a list of the seed", Most: SeedItems, Test: "TestASeedIsBounded"}
	State        = Limit{Of: embedded, Text: "a state of %s", Most: StateBytes, Bytes: true, Test: "TestAStateIsBounded"}
)

// Table lists all limits, in the order of the documentation. Limits with the same Of are adjacent.
var Table = []Limit{
	{Of: file, Text: "%s", Most: FileBytes, Bytes: true, Test: bombsTest},
	{Of: file, Text: "%s levels", Most: FileDepth, Test: bombsTest},
	{Of: file, Text: "%s values", Most: FileValues, Test: bombsTest},
	{Of: file, Text: "%s lines, commas, colons and brackets", Most: FileMarks, Test: overTest},
	{Of: file, Text: "%s entries of a map", Most: MapEntries, Test: bombsTest},
	{Of: file, Text: "%s of a text", Most: TextBytes, Bytes: true, Test: bombsTest},
	{Of: file, Text: "%s values of a connection", Most: ConnectionValues, Test: bombsTest},
	{Of: project, Text: "%s", Most: ProjectBytes, Bytes: true, Raised: true, Test: overTest},
	{Of: project, Text: "%s connections", Most: ProjectConnections, Raised: true, Test: overTest},
	{Of: project, Text: "%s values with `defaults` in each connection", Most: ProjectValues, Raised: true, Test: overTest},
	{Of: project, Text: "%s files", Most: ProjectFiles, Raised: true, Test: "TestTheLimitsOfAProjectAreRaised"},
	{Of: project, Text: "%s `moved` blocks", Most: ProjectMoves, Raised: true, Test: "TestTheLimitsOfAProjectAreRaised"},
	{Of: patterns, Text: "%s", Most: ProjectPatterns, Raised: true, Test: overTest},
	{Of: patterns, Text: "%s files and folders that they look at", Most: ProjectLooks, Raised: true, Test: "TestTheLimitsOfAProjectAreRaised"},
	{Of: "connections declared for one tenant", Text: "%s", Most: TenantConnections, Raised: true, Test: overTest},
	{Of: "connections times tenants", Text: "%s", Most: ProjectDeclared, Raised: true, Test: overTest},
	Filled,
	Tenants,
	{Of: schema, Text: "%s", Most: SchemaBytes, Bytes: true, Test: bombsTest},
	{Of: schema, Text: "%s schemas in all", Most: SchemaParts, Test: bombsTest},
	{Of: schema, Text: "%s within or behind each other", Most: SchemaDepth, Test: bombsTest},
	{Of: schema, Text: "%s that apply to one value through `$ref`, `allOf`, `anyOf` and the like", Most: SchemaPaths, Test: bombsTest},
	{Of: schema, Text: "%s characters of patterns with their repetitions", Most: SchemaPatterns, Test: bombsTest},
	SchemaCount,
	SchemaFolder,
	{Of: answer, Text: "%s after decompression", Most: AnswerBytes, Bytes: true, Test: "TestTheAnswersOfAServiceAreBoundedAsAWhole"},
	{Of: answer, Text: "%s commas and brackets", Most: AnswerMarks, Test: "TestTheAnswersOfAServiceAreBoundedAsAWhole"},
	{Of: tenant, Text: "%s", Most: TenantBytes, Bytes: true, Raised: true, Test: "TestTheAnswersOfAServiceAreBoundedAsAWhole"},
	{Of: tenant, Text: "%s items", Most: TenantItems, Raised: true, Test: "TestTheAnswersOfAServiceAreBoundedAsAWhole"},
	{Of: tenant, Text: "%s pages of a list", Most: TenantPages, Raised: true, Test: "TestTheAnswersOfAServiceAreBoundedAsAWhole"},
	Saved,
	SavedValues,
	Cache,
	History,
	{Of: history, Text: "%s of a line", Most: HistoryLine, Bytes: true, Test: "TestOnlyTheEndOfALongHistoryIsRead"},
	Seed,
	SeedList,
	State,
	{Of: secret, Text: "%s", Most: SecretBytes, Bytes: true, Test: "TestSecretsAreWhatCommandsPrint"},
}
