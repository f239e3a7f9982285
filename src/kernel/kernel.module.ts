import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { TerminusModule } from '@nestjs/terminus';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { ThrottlerModule } from '@nestjs/throttler';
import { DenialJournal } from './access/denial-journal.js';
import { Denials } from './access/denials.js';
import { AccessGuard } from './access/guard.js';
import { Identification } from './access/identification.js';
import { Reach } from './access/reach.js';
import { Records } from './access/records.js';
import type { Addon } from './addon/addon.js';
import type { InstalledAddon } from './addon/installed.js';
import { AddonRegistry } from './addon/registry.js';
import { Faults } from './alerts/faults.js';
import { Cipher } from './config/cipher.js';
import { Config } from './config/config.js';
import { kernelConfig } from './config/kernel.config.js';
import { Database } from './database/database.js';
import { Deliveries } from './events/deliveries.js';
import { Events } from './events/events.js';
import { Housekeeping } from './events/housekeeping.js';
import { KernelPersonalData } from './privacy/kernel-personal-data.js';
import { Mentions } from './privacy/mentions.js';
import { MarkedMethods } from './events/marked-methods.js';
import { Pulse } from './events/pulse.js';
import { Schedules } from './events/schedules.js';
import { Worker } from './events/worker.js';
import { ETagInterceptor } from './http/etag-interceptor.js';
import { HealthController } from './http/health.controller.js';
import { IdempotencyInterceptor } from './http/idempotency.js';
import { ProblemController } from './http/problem.controller.js';
import { ProblemFilter } from './http/problem-filter.js';
import { inputPipe } from './http/validation.js';
import { kernelAddon } from './kernel.addon.js';
import { Counts } from './throttle/counts.js';
import { limitsOf, ThrottleGuard } from './throttle/throttle-guard.js';
import { Throttle } from './throttle/throttle.js';
import { Clock } from './values/clock.js';
import { Backlog } from './watch/backlog.js';
import { DatabaseProbe } from './watch/database-probe.js';
import { Gauges } from './watch/gauges.js';
import { Metrics, MetersOfProcess } from './watch/metrics.js';
import { MetricsController } from './watch/metrics.controller.js';
import type { OpenedWatch } from './watch/open-watch.js';
import { Readiness } from './watch/readiness.js';
import { Watch } from './watch/watch.js';

/** What the composed application is made of. */
export interface Composition {
  readonly addons: readonly Addon[];
  /** Installed by a newer release, and not at hand. */
  readonly absent: readonly InstalledAddon[];
  readonly config: Config;
  readonly dataSource: DataSource;
  readonly denials: Denials;
  readonly watch: OpenedWatch;
  readonly faults: Faults;
}

/** What addons may ask for. */
const SERVICES = [
  ...[Cipher, Clock, Database, Records, Reach, Events, Schedules, Deliveries, Worker],
  Mentions,
];
const WATCH = [Pulse, Backlog, DatabaseProbe, Readiness, Gauges, Metrics];
const EDGE = [IdempotencyInterceptor, Identification, Throttle, Counts, ThrottleGuard];

/** The kernel's providers, for every addon, and the composed addons' modules. */
@Module({})
export class KernelModule {
  static compose(composition: Composition): DynamicModule {
    return {
      module: KernelModule,
      global: true,
      imports: [
        DiscoveryModule,
        ScheduleModule.forRoot(),
        ThrottlerModule.forRootAsync({
          inject: [Config, Counts],
          useFactory: (config: Config, counts: Counts) => limitsOf(config.of(kernelConfig), counts),
        }),
        TerminusModule.forRoot({ logger: false }),
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ type: 'postgres' as const }),
          dataSourceFactory: () => Promise.resolve(composition.dataSource),
        }),
        ...composition.addons.map((addon) => addon.module),
      ],
      controllers: [HealthController, MetricsController, ProblemController],
      providers: [
        ...SERVICES,
        ...WATCH,
        ...EDGE,
        MarkedMethods,
        Housekeeping,
        KernelPersonalData,
        DenialJournal,
        { provide: Watch, useValue: composition.watch.watch },
        { provide: MetersOfProcess, useValue: composition.watch.meters },
        { provide: Denials, useValue: composition.denials },
        { provide: Config, useValue: composition.config },
        { provide: Faults, useValue: composition.faults },
        {
          provide: AddonRegistry,
          useValue: new AddonRegistry([kernelAddon, ...composition.addons], composition.absent),
        },
        // In this order: whoever is over a limit is not even asked for a permission.
        { provide: APP_GUARD, useExisting: ThrottleGuard },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_PIPE, useFactory: inputPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_INTERCEPTOR, useClass: ETagInterceptor },
      ],
      exports: [...SERVICES, Config, Counts, Faults, AddonRegistry, IdempotencyInterceptor],
    };
  }
}
