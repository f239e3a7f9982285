/**
 * The kernel's only door. What is not exported here is private to it.
 *
 * @packageDocumentation
 */
export { defineAddon, tablePrefix } from './addon/addon.js';
export type { Addon, AddonDefinition, RoleGrant } from './addon/addon.js';
export type {
  Command,
  CommandDefinition,
  CommandDesk,
  CommandReport,
  StandaloneCommand,
} from './addon/command.js';
export { absenceInWords } from './addon/absence.js';
export { BootRefused, composeInstalled } from './addon/compose.js';
export type { MigrationClass } from './addon/declared.js';
export type { DemoContext } from './addon/demo.js';
export { readInstalled } from './addon/installed.js';
export { dependenciesOf, inDependencyOrder } from './addon/order.js';
export { AddonRegistry } from './addon/registry.js';
export { booleanSetting, monthsSetting, pesosSetting } from './addon/setting.js';
export type { SettingDefinition, SettingValue } from './addon/setting.js';
export { addonFaults, controllersOf, methodsOf } from './addon/verify.js';

export { Allow, Despite, Public, SIGNED_IN, StepUp } from './access/allow.js';
export { Authenticator } from './access/authenticator.js';
export {
  currentActor,
  currentContext,
  noteClaim,
  runAsHouse,
  runInContext,
} from './access/context.js';
export type { Actor, WorkContext } from './access/context.js';
export type { Language } from './http/language.js';
export { PageQuery, readReport } from './access/keyset.js';
export { AccessDenied, DenialsSuppressed } from './access/denial.js';
export { DenialJournal } from './access/denial-journal.js';
export { Denials } from './access/denials.js';
export { defineList, mapPage } from './access/list.js';
export type { ListDefinition, Page } from './access/list.js';
export { Reach } from './access/reach.js';
export type { RuleVerdict } from './access/reach.js';
export { recordRule } from './access/record-rule.js';
export type { RecordRule } from './access/record-rule.js';
export type { Where } from './database/rows.js';
export { Records } from './access/records.js';
export { demandStepUp } from './access/step-up.js';

export { alertSignal, defineAlert, SEVERITIES } from './alerts/alert.js';
export type { AlertDefinition, AlertSignal, Severity } from './alerts/alert.js';
export { Faults } from './alerts/faults.js';
export type { FaultWatcher, ServerError } from './alerts/faults.js';
export { OnAlertSignal } from './alerts/on-alert-signal.js';

export { Cipher } from './config/cipher.js';
export { Config } from './config/config.js';
export { kernelConfig, productionFaults } from './config/kernel.config.js';
export { drainDelayMs } from './config/watch.config.js';
export type { KernelConfig } from './config/kernel.config.js';
export { choice, integer, list, networks, rate, text, url } from './config/variables.js';
export type { ConfigShape, ConfigValues, Variable } from './config/variables.js';

export { createDataSource } from './database/data-source.js';
export { Database } from './database/database.js';
export { sqlState } from './database/sql-state.js';
export { embeddedBinaries } from './database/embedded/binaries.js';
export {
  findEmbedded,
  joinEmbedded,
  prepareRoles,
  startEmbedded,
} from './database/embedded/embedded.js';
export type { DatabaseUrls, EmbeddedDatabase } from './database/embedded/embedded.js';
export { Home, HomeInUse } from './database/embedded/home.js';
export { PostgresServer } from './database/embedded/postgres-server.js';
export {
  CompanyRecord,
  CompanyRow,
  DecimalColumn,
  InstantColumn,
  PesosColumn,
} from './database/entity.js';
export { exportTables } from './database/export-tables.js';
export { clientTo } from './database/servers.js';
export { followFile } from './database/url-file.js';
export { Installation } from './database/migrate.js';
export type { Report } from './database/migrate.js';
export { otherReleases, pendingSteps } from './database/phase.js';
export type { PendingStep, Phase } from './database/phase.js';

export type { DoctorCheck, DoctorDesk, DoctorFinding, DoctorState } from './doctor/check.js';
export { environmentCheck } from './doctor/environment-check.js';
export { examine, exitCodeOf } from './doctor/examine.js';

export { defineEvent } from './events/event.js';
export type { Changes, EventDefinition, StoredEvent, Subject } from './events/event.js';
export { EventRow, toStoredEvent } from './events/event.entity.js';
export { RETENTION_CLASSES } from './events/retention.js';
export type { Retention, RetentionClass } from './events/retention.js';
export { Events } from './events/events.js';
export { contentFor } from './events/restricted.js';
export { OnEvent, OnEventOutside } from './events/on-event.js';
export { Round } from './events/round.js';
export { OnSchedule } from './events/schedule.js';
export type { ScheduleDefinition } from './events/schedule.js';
export { Schedules } from './events/schedules.js';
export { Worker } from './events/worker.js';

export { ProcessLock } from './files/process-lock.js';
export { contentOf, runLine, syncFolder, writeWhole } from './files/whole-file.js';

export {
  Answers,
  AnswersFile,
  AnswersNothing,
  Creates,
  Edits,
  Exports,
  Lists,
} from './http/answers.js';
export { CSV_TYPE, toCsv } from './http/csv.js';
export { DayRange, demandRange } from './http/day-range.js';
export { createAdapter, installEdge } from './http/edge.js';
export { installMethods } from './http/methods.js';
export * from './http/fields.js';
export { FileBody, TakesFile } from './http/file-body.js';
export { html, styleSheet } from './http/html.js';
export type { Html } from './http/html.js';
export { Id } from './http/id-parameter.js';
export { Idempotent } from './http/idempotency.js';
export { IfMatch } from './http/if-match.js';
export { Intake } from './http/intake.js';
export type { Arrival } from './http/intake.js';
export { Intakes } from './http/intakes.js';
export { OWN_PAGES_POLICY } from './http/page-policy.js';
export { RawBody, TakesRaw } from './http/raw-body.js';
export { caution, JsonLogger, setLogLevel } from './http/logger.js';
export { buildOpenApi } from './http/openapi.js';
export { defineProblem, Problem } from './http/problem.js';
export type { FieldFault, ProblemDefinition, Sentence } from './http/problem.js';
export { ProblemFilter } from './http/problem-filter.js';
export { toProblem } from './http/problem-writer.js';
export { checkInput } from './http/validation.js';
export {
  Busy,
  Conflict,
  CrossSite,
  Forbidden,
  Malformed,
  NotFound,
  PeriodTooLong,
  UnknownReference,
} from './http/problems.js';

export { Mentions } from './privacy/mentions.js';
export { ownWordsOf } from './privacy/own-words.js';
export { PersonalData } from './privacy/personal-data.js';
export type {
  Erased,
  ErasureObstacle,
  HeldRecords,
  HeldRow,
  Mention,
  Person,
  PersonalSubjects,
} from './privacy/personal-data.js';

export { Measures } from './watch/gauge.js';
export type { GaugeDefinition, Reading } from './watch/gauge.js';
export { openWatch } from './watch/open-watch.js';
export { Readiness } from './watch/readiness.js';
export type { Watch } from './watch/watch.js';
export { WatchPort } from './watch/watch-port.js';

export { kernelAddon } from './kernel.addon.js';
export { KernelModule } from './kernel.module.js';

export { Counts } from './throttle/counts.js';
export { networkOf } from './throttle/network.js';
export { Sensitive } from './throttle/sensitive.js';
export { ThrottleGuard } from './throttle/throttle-guard.js';
export { Throttle } from './throttle/throttle.js';

export { BUSINESS_TIME_ZONE, businessDay, isDay } from './values/business-day.js';
export { Clock } from './values/clock.js';
export { isHoliday } from './values/holidays.js';
export { idSeries, isId, newId } from './values/id.js';
export { cashPiece, cashRounded, isPesos, MAX_PESOS, MAX_SUM, priceOf } from './values/money.js';
export { pick } from './values/pick.js';
export { writeDay, writeInstant, writeInteger, writePesos } from './values/spanish.js';
export { normalizeRut, rutCheckCharacter } from './values/rut.js';
