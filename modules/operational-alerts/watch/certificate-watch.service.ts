import { Injectable, Logger } from '@nestjs/common';
import { Clock, Config, Measures, Round } from '#kernel';
import type { GaugeDefinition, Reading } from '#kernel';
import { AlertIntakeService } from '../alert/alert-intake.service.js';
import { OperatorService } from '../alert/operator.service.js';
import { alertsConfig } from '../operational-alerts.config.js';
import { expiryOf } from './certificate.js';

const TYPE = 'certificate.expiring';
const DAY_MS = 86_400_000;
const STALE_MS = 3_600_000;

export const CertificateExpiry: GaugeDefinition = {
  name: 'ofitec_operational_alerts_certificate_expiry_seconds',
  summary: 'Until a watched certificate ends, negative afterwards; absent when it cannot be read',
  // The addresses that the operator names in ALERT_CERTIFICATES.
  labels: ['certificate'],
  per: 'installation',
};

/** Looks at the certificates that the operator named, as clients see them. */
@Injectable()
export class CertificateWatchService {
  private readonly log = new Logger('certificates');
  private readonly seen = new Map<string, { readonly end: Date; readonly at: Date }>();

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly operator: OperatorService,
    private readonly intake: AlertIntakeService,
  ) {}

  @Round({ restMs: 600_000 })
  async measure(): Promise<void> {
    for (const place of this.config.of(alertsConfig).ALERT_CERTIFICATES) {
      try {
        const end = await expiryOf(place);
        this.seen.set(place, { end, at: this.clock.now() });
        await this.tell(place, end);
      } catch (error) {
        // Not to reach it says nothing of its end; the absent figure is what Prometheus sees.
        this.log.warn({ message: `${place} cannot be read`, error: String(error) });
      }
    }
  }

  @Measures(CertificateExpiry)
  async secondsLeft(): Promise<Reading[]> {
    const now = this.clock.now().getTime();
    return [...this.seen]
      .filter(([, { at }]) => now - at.getTime() < STALE_MS)
      .map(([certificate, { end }]) => ({
        labels: { certificate },
        value: Math.round((end.getTime() - now) / 1_000),
      }));
  }

  private async tell(place: string, end: Date): Promise<void> {
    const now = this.clock.now();
    const { ALERT_CERTIFICATE_DAYS: least } = this.config.of(alertsConfig);
    const days = Math.floor((end.getTime() - now.getTime()) / DAY_MS);
    await this.operator.run('operational-alerts.certificates', async () => {
      if (days >= least) return this.intake.good(TYPE, place, now);
      await this.intake.record(TYPE, place, {
        ...{ count: 1, firstAt: now, lastAt: now },
        label: `${place} ${days < 0 ? 'has ended' : `ends in ${days} days`}`,
        details: { place, end: end.toISOString(), days, least },
      });
      return undefined;
    });
  }
}
