import { alertChecks } from './check/doctor.checks.js';
import { operationalAlertsMigrations } from '#migrations/operational-alerts';
import { defineAddon, recordRule } from '#kernel';
import { baseAddon } from '#modules/base';
import { alertDefinitions } from './alert/alert.definitions.js';
import { Alert } from './alert/alert.entity.js';
import * as alertEvents from './alert/alert.events.js';
import { UnresolvedAlerts } from './alert/alert-gauge.service.js';
import { ForgetAlerts } from './alert/round.service.js';
import { Heartbeat } from './heartbeat/heartbeat.entity.js';
import * as heartbeatEvents from './heartbeat/heartbeat.events.js';
import { Notice } from './notification/notice.entity.js';
import { Notification } from './notification/notification.entity.js';
import * as notificationEvents from './notification/notification.events.js';
import { Subscription } from './notification/subscription.entity.js';
import { alertsCommands } from './operational-alerts.commands.js';
import { alertsConfig } from './operational-alerts.config.js';
import { OperationalAlertsModule } from './operational-alerts.module.js';
import { CertificateExpiry } from './watch/certificate-watch.service.js';
import { Source } from './source/source.entity.js';
import * as sourceEvents from './source/source.events.js';

const permissions = {
  'operational-alerts.alert.acknowledge': 'say that one is on an alert',
  'operational-alerts.alert.read': 'read alerts',
  'operational-alerts.alert.resolve': 'say that an alert is over',
  'operational-alerts.alert.silence': 'silence an alert for a while',
  'operational-alerts.alert.test': 'fire an alert that means nothing',
  'operational-alerts.heartbeat.edit': 'say what is expected again and again',
  'operational-alerts.heartbeat.read': 'read what is expected, and whether it happened',
  'operational-alerts.source.edit': 'give programs tokens to raise alerts',
  'operational-alerts.source.read': 'read which programs may raise alerts',
  'operational-alerts.subscription.edit': 'say who is told of alerts, by which way and when',
  'operational-alerts.subscription.read': 'read who is told of alerts, and what was sent',
};

const reading = ['operational-alerts.alert.read', 'operational-alerts.heartbeat.read'];
/** Whoever runs a shop answers for what happens in it. */
const answering = ['acknowledge', 'resolve', 'silence'].map(
  (verb) => `operational-alerts.alert.${verb}`,
);

export const operationalAlertsAddon = defineAddon({
  name: 'operational-alerts',
  version: '0.1.0',
  summary: 'alerts, who is told of them, heartbeats',
  depends: [baseAddon],
  module: OperationalAlertsModule,
  entities: [Alert, Heartbeat, Notice, Notification, Source, Subscription],
  migrations: operationalAlertsMigrations,
  permissions,
  roles: {
    encargada: { grants: [...reading, ...answering] },
    admin: { grants: Object.keys(permissions) },
    contador: { grants: reading },
  },
  rules: [
    recordRule({
      entity: Alert,
      summary: 'encargada and contador reach the alerts of the company, not of the installation',
      roles: ['encargada', 'contador'],
      where: () => ({ scope: 'company' as const }),
    }),
    recordRule({
      entity: Alert,
      summary: 'an admin reaches all alerts that the company keeps',
      roles: ['admin'],
      where: () => 'everything',
    }),
  ],
  events: [
    ...Object.values(alertEvents),
    ...Object.values(heartbeatEvents),
    ...Object.values(notificationEvents),
    ...Object.values(sourceEvents),
  ],
  retention: {
    events: 'technical',
    except: { 'alert_source.created': 'security', 'alert_source.changed': 'security' },
  },
  schedules: [ForgetAlerts],
  gauges: [CertificateExpiry, UnresolvedAlerts],
  alerts: alertDefinitions,
  commands: alertsCommands,
  checks: alertChecks,
  commandGroup: 'alerts',
  config: alertsConfig,
});
