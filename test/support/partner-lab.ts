import { Worker } from '#kernel';
import type { PartnerSimulator } from '#modules/sii-connector/kit';
import type { Client } from './client.js';
import type { House } from './house.js';
import { rcvOf, sale, SALE_HEADER } from './rcv.js';
import { until } from './until.js';

/** How often the partner is asked for news while a test waits for them. */
const ASK_MS = 1_000;

/** A submission as the API shows it. */
export interface SeenSubmission {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly key: string;
  readonly externalId: string | null;
  readonly detail: string | null;
}

/** A house with a worker, a connector, and a partner at its other end. */
export class PartnerLab {
  private constructor(
    readonly house: House,
    readonly admin: Client,
    readonly partner: PartnerSimulator,
    readonly connectorId: string,
    private readonly worker: Worker,
  ) {}

  /** @param connector what is said of it beside name and address */
  static async over(
    house: House,
    partner: PartnerSimulator,
    connector: Readonly<Record<string, unknown>>,
  ): Promise<PartnerLab> {
    const admin = await house.as('admin');
    const worker = house.app.get(Worker);
    await worker.start(house.urls.application);
    await admin.post('sii-connector/figures', {
      ...{ kind: 'ppm', period: '202001', value: 0.125, source: 'Ley 21.755' },
    });
    const made = await admin.post('sii-connector/connectors', {
      ...{ name: 'Socio de prueba', baseUrl: `http://${partner.host}/` },
      ...connector,
    });
    if (made.status !== 201) throw new Error(made.text);
    return new PartnerLab(house, admin, partner, String(made.body.id), worker);
  }

  async close(): Promise<void> {
    await this.worker.stop();
    await this.partner.close();
  }

  /** Where this connector's webhooks go. */
  webhookUrl(connectorId = this.connectorId): string {
    return `${this.house.url}/api/v1/sii-connector/connectors/${connectorId}/webhook`;
  }

  /** An approved return of a month with one sale. */
  async approved(period: string): Promise<string> {
    const { admin } = this;
    const day = `05/${period.slice(4)}/${period.slice(0, 4)}`;
    const file = rcvOf(SALE_HEADER, [
      sale(Number(period), { 'Fecha Docto': day, 'Fecha Recepcion': day }),
    ]);
    const path = `/api/v1/sii-connector/imports?kind=rcv-venta&period=${period}`;
    await admin.raw('post', path, Buffer.from(file), { 'content-type': 'text/csv' });
    const id = String((await admin.post('sii-connector/f29', { period })).body.id);
    const { body } = await admin.post(`sii-connector/f29/${id}/compute`);
    const rules = (body.findings as { rule: string; severity: string }[])
      .filter(({ severity }) => severity === 'warning')
      .map(({ rule }) => ({ rule, reason: 'revisado' }));
    await admin.post(`sii-connector/f29/${id}/acknowledge`, { acknowledgements: rules });
    const approved = await admin.post(`sii-connector/f29/${id}/validate`);
    if (approved.body.state !== 'validated') throw new Error(approved.text);
    return id;
  }

  send(returnId: string): ReturnType<Client['post']> {
    const { connectorId } = this;
    return this.admin.post(`sii-connector/f29/${returnId}/send`, { connectorId });
  }

  async submissionOf(returnId: string): Promise<SeenSubmission | undefined> {
    const { body } = await this.admin.get(`sii-connector/submissions?returnId=${returnId}`);
    return (body.items as SeenSubmission[])[0];
  }

  /**
   * Waits until the submission of a return is in a state.
   *
   * @param asks whether the partner is asked for news meanwhile, as it is every five minutes
   * @returns the submission as it is then
   * @throws Error with what it is where it never comes to that
   */
  async until(returnId: string, state: string, asks = true): Promise<SeenSubmission | undefined> {
    let askedAt = performance.now();
    let seen: SeenSubmission | undefined;
    await until(`the submission is ${state}`, async () => {
      seen = await this.submissionOf(returnId);
      if (seen?.state === state) return true;
      if (asks && performance.now() - askedAt > ASK_MS) {
        await this.admin.post(`sii-connector/connectors/${this.connectorId}/sync`);
        askedAt = performance.now();
      }
      throw new Error(`it is ${seen?.state}: ${seen?.detail}`);
    });
    return seen;
  }
}
