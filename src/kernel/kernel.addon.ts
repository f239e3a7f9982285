import { kernelMigrations } from '#migrations/kernel';
import { Module } from '@nestjs/common';
import { AccessDenied, DenialsSuppressed } from './access/denial.js';
import { defineAddon } from './addon/addon.js';
import { kernelAlerts } from './alerts/kernel.alerts.js';
import { kernelConfig } from './config/kernel.config.js';
import { databaseChecks } from './doctor/database-checks.js';
import { machineChecks } from './doctor/machine-checks.js';
import { DeliveryExhausted } from './events/delivery.events.js';
import { EventRow } from './events/event.entity.js';
import { EventPartitions, ForgetRepeats, Housekeeping } from './events/housekeeping.js';
import { HealthController } from './http/health.controller.js';
import { ProblemController } from './http/problem.controller.js';
import { VERSION } from './version.js';
import { KernelPersonalData } from './privacy/kernel-personal-data.js';
import { MetricsController } from './watch/metrics.controller.js';

/** The kernel seen as an addon, so that one set of rules, migrations and records covers both. */
@Module({
  providers: [Housekeeping, KernelPersonalData],
  controllers: [HealthController, MetricsController, ProblemController],
})
class KernelParts {}

export const kernelAddon = defineAddon({
  name: 'kernel',
  version: VERSION,
  summary: 'the house itself: events, deliveries, schedules, idempotency keys',
  module: KernelParts,
  entities: [EventRow],
  migrations: kernelMigrations,
  events: [AccessDenied, DenialsSuppressed, DeliveryExhausted],
  retention: { events: 'security', except: { 'delivery.exhausted': 'technical' } },
  personalData: [KernelPersonalData],
  alerts: kernelAlerts,
  schedules: [EventPartitions, ForgetRepeats],
  config: kernelConfig,
  checks: [...machineChecks, ...databaseChecks],
});
