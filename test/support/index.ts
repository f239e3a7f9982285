/** Everything a test file reaches: the harness, and the built application's own parts. */
import { refuseOutsideTraffic } from './loopback.js';

refuseOutsideTraffic();

export * as kernel from '#kernel';
export * as bootstrap from '../../src/bootstrap.js';
export {
  chooseOwnPassword,
  cutHash,
  differingCuts,
  foundSecondCompany,
  ledgerCheckOf,
  liveADay,
  openSession,
  provePersons,
  reportsOf,
  setPassword,
  shop,
  takeOrder,
} from './builders.js';
export type { Day, Shop } from './builders.js';
export * as alerts from './alerts.js';
export * as chain from './chain.js';
export * as warehouse from './warehouse.js';
export * as downloads from './slow-download.js';
export { pastAlerts } from './alerts.js';
export type { Mailbox, MovedClock, Received, Receiver } from './alerts.js';
export { openBrowser } from './browser.js';
export { codeOf, enrolApp } from './authenticator-app.js';
export { Client, signIn } from './client.js';
export { dice } from './dice.js';
export { Duck } from './duck.js';
export { meetAt, waitsForLock, whileLocked } from './held-row.js';
export { closeHouses, House } from './house.js';
export { DEMO_PASSWORD, dropDatabase, makeDatabase, startOwnServer } from './server.js';
export type { OwnServer, TestUrls } from './server.js';
export { driftBetween } from './drift.js';
export { shippedAddons } from '../../src/addons.js';
export { faultyAddons } from './faulty-addons.js';
export { fieldOfKind, kindOfPath } from './kinds.js';
export { operationsOf, routeNames, sampleOf } from './documented.js';
export type { Operation } from './documented.js';
export * as loyalty from './acme-loyalty/index.js';
export * as kubernetes from './kubernetes/index.js';
export * as operations from './operations/index.js';
export { postgresOf, READY, run, runCli, runServer, standing } from './process.js';
export type { Ended, Program } from './process.js';
export { Books } from './books.js';
export { CommitLog } from './commit-log.js';
export { ListProbe, listsOf } from './lists.js';
export { livePast } from './past.js';
export type { Actor } from '#kernel';
export { companyTables, isolationFaults } from './isolation.js';
export * as played from './played/index.js';
export { Delay } from './dns-delay.js';
export { FailoverLab } from './failover-lab.js';
export { freePort } from './listening.js';
export { PlayedSite } from './played-site.js';
export type { Mode } from './played-site.js';
export { clearOfMidnight } from './midnight.js';
export { until } from './until.js';
export * as playbook from './playbook.js';
export * as netns from './netns/index.js';
export type { Fault } from './netns/fault.js';
export { fuzz, installSchemathesis } from './schemathesis.js';
export type { Shot } from './schemathesis.js';
export { openFront, serveAsset, Site } from './csp-site.js';
export type { Front } from './csp-site.js';
export { Firefox } from './firefox.js';
export * as cspPolicies from './csp-policies.js';
export { writeFiles } from '../../modules/security-csp/emit/write.js';
export { cspCases } from './csp-cases.js';
export type { CspCase } from './csp-cases.js';
export { Collector } from './collector.js';
export type { CollectedSpan } from './collector.js';
export * as f29 from './f29.js';
export { pastLedger } from './past-ledger.js';
export * as kit from '#modules/sii-connector/kit';
export { PartnerLab } from './partner-lab.js';
export { pastReturns } from './past-returns.js';
export * as secrets from './secrets.js';
export { SecretsLab } from './secrets-lab.js';
export { TillLoad } from './till-load.js';
export { KillSwitch } from './kill-switch.js';
export { SecretsSite } from './secrets-site.js';
export { askPostgres, letLease, letRotate, superuserOf, usableLogins } from './rotated-postgres.js';
export { BackupLab, DAMAGES, PG15 } from './backup-lab.js';
export type { RestoreEvidence, Standing } from './backup-lab.js';
export { installFromPyPi } from './pypi.js';
export { DigestService } from '../../modules/security-csp/digest/digest.service.js';
export { PostgresTap } from './postgres-tap.js';
export { CompanyService } from '#modules/base';
export { ReplicationWatchService } from '../../modules/operational-alerts/watch/replication-watch.service.js';
export { CertificateWatchService } from '../../modules/operational-alerts/watch/certificate-watch.service.js';
export { ImageLab } from './image-lab.js';
export { ReleaseLab } from './release-lab.js';
export { ReleaseLoad } from './release-load.js';
export * as releases from './releases.js';
export * as rcv from './rcv.js';
export * as dte from './dte.js';
export { Exposition, scrape } from './scrape.js';
export { FaultyVault } from './faulty-vault.js';
export type { Passing, VaultFault } from './faulty-vault.js';
export { OpenBao } from './openbao.js';
export { installTraefik } from './traefik.js';
export { verb } from './verb.js';
export { Wire } from './wire.js';
export * as csp from './csp-reports.js';
export { acmeDialect } from './acme-sii/dialect.js';
export { AcmeAdapter } from './acme-sii/adapter.js';
export { ManualAdapter } from '../../modules/sii-connector/connector/manual.adapter.js';
export { PartnerAdapter } from '../../modules/sii-connector/connector/partner.adapter.js';
