/**
 * A small outside addon, as an integrator would write it: it reaches OFITEC through its public
 * doors only. A point for every thousand pesos that an order's customer pays.
 */
import { Controller, Get, Injectable, Module, Query } from '@nestjs/common';
import { Column, Entity } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import {
  Allow,
  CompanyRow,
  Database,
  defineAddon,
  defineList,
  IdField,
  IntegerField,
  isolateCompanies,
  Lists,
  mapPage,
  Measures,
  OnEvent,
  OnSchedule,
  Records,
} from 'ofitec';
import type { GaugeDefinition, Page, Reading, ScheduleDefinition, StoredEvent } from 'ofitec';
import { auditAddon } from 'ofitec/audit';
import { PaymentCreated, paymentsAddon } from 'ofitec/payments';

@Entity('acme_loyalty_point')
class Point extends CompanyRow {
  @Column({ type: 'uuid' })
  orderId!: string;

  @Column({ type: 'integer' })
  points!: number;
}

const pointList = defineList({
  entity: Point,
  filters: { orderId: 'id' },
  sorts: ['createdAt'],
  sort: '-createdAt',
});

class PointView {
  @IdField()
  orderId!: string;

  @IntegerField({ min: 0, max: 1_000_000_000 })
  points!: number;
}

const Count: ScheduleDefinition = {
  name: 'acme-loyalty.count',
  cron: '0 4 * * *',
  summary: 'writes a mark, so that a test sees how often it ran',
  per: 'company',
};

const PointsGiven: GaugeDefinition = {
  name: 'ofitec_acme_loyalty_points',
  summary: 'points given so far',
  per: 'company',
};

@Injectable()
class Loyalty {
  /** What its gauge does wrong at its next reading; a test sets it. */
  static gaugeFault: GaugeFault | null = null;

  /** Deliveries to refuse before the next one is taken; a test sets it. */
  static refusals = 0;

  constructor(
    private readonly database: Database,
    private readonly records: Records,
  ) {}

  @OnEvent(PaymentCreated)
  async reward({ payload }: StoredEvent<{ orderId: string; amount: number }>): Promise<void> {
    await this.records.insert(Point, {
      orderId: payload.orderId,
      points: Math.floor(payload.amount / 1000),
    });
    if (Loyalty.refusals > 0) {
      Loyalty.refusals -= 1;
      throw new Error('the loyalty server sleeps');
    }
  }

  @OnSchedule(Count)
  async count(): Promise<void> {
    await this.database.transaction(() =>
      this.records.insert(Point, { orderId: this.database.companyId, points: 0 }),
    );
  }

  @Measures(PointsGiven)
  async pointsGiven(): Promise<Reading[]> {
    const fault = Loyalty.gaugeFault;
    if (fault === 'writes') await this.database.rows('DELETE FROM acme_loyalty_point');
    if (fault === 'sleeps') await this.database.rows('SELECT pg_sleep(5)');
    if (fault === 'labels') return [{ value: 1, labels: { customer: 'Ana' } }];
    const [sum] = await this.database.rows<{ points: number }>(
      'SELECT coalesce(sum(points), 0)::float8 AS points FROM acme_loyalty_point WHERE company_id = $1',
      [this.database.companyId],
    );
    return [{ value: fault === 'number' ? NaN : (sum?.points ?? 0) }];
  }

  async list(query: Record<string, unknown>): Promise<Page<Point>> {
    return this.database.transaction(() => this.records.page(pointList, query));
  }
}

@Controller('api/v1/acme-loyalty/points')
class PointController {
  constructor(private readonly loyalty: Loyalty) {}

  @Get()
  @Allow('acme-loyalty.point.read')
  @Lists(PointView, pointList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<PointView>> {
    const page = await this.loyalty.list(query);
    return mapPage(page, ({ orderId, points }) => ({ orderId, points }));
  }
}

@Module({ controllers: [PointController], providers: [Loyalty] })
class LoyaltyModule {}

class Points {
  readonly name = 'Points0001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE acme_loyalty_point (
      id uuid PRIMARY KEY,
      company_id uuid NOT NULL REFERENCES kernel_company,
      created_at timestamptz(3) NOT NULL,
      order_id uuid NOT NULL,
      points integer NOT NULL
    )`);
    await isolateCompanies(runner, 'acme_loyalty_point', 'SELECT, INSERT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE acme_loyalty_point');
  }
}

/** Lets a test have the next deliveries fail. */
export function refuseDeliveries(count: number): void {
  Loyalty.refusals = count;
}

export type GaugeFault = 'writes' | 'sleeps' | 'labels' | 'number';

/** Lets the addon's gauge go wrong until it is told otherwise. */
export function spoilGauge(fault: GaugeFault | null): void {
  Loyalty.gaugeFault = fault;
}

export default defineAddon({
  name: 'acme-loyalty',
  version: '1.2.0',
  summary: 'points for payments',
  depends: [auditAddon, paymentsAddon],
  module: LoyaltyModule,
  entities: [Point],
  migrations: [Points],
  permissions: { 'acme-loyalty.point.read': 'read points' },
  roles: {
    encargada: { grants: ['acme-loyalty.point.read'] },
    visita: {
      summary: 'somebody of the brand, who reads cuts and not what was expected',
      grants: ['payments.daily-cut.read'],
    },
    revisora: {
      summary: 'reads the log for an auditor from outside',
      grants: ['audit.event.read', 'audit.event.export'],
    },
  },
  schedules: [Count],
  gauges: [PointsGiven],
});
