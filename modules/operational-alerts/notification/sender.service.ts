import { Injectable } from '@nestjs/common';
import type { Transporter } from 'nodemailer';
import { Webhook } from 'standardwebhooks';
import { Config } from '#kernel';
import { OperatorService } from '../alert/operator.service.js';
import { alertsConfig } from '../operational-alerts.config.js';
import { alertmanagerBody, letterOf, webhookBody } from './message.js';
import type { Message } from './message.js';
import { postOutside } from './outside-http.js';
import type { Subscription } from './subscription.entity.js';

/** A subscription as far as sending goes, with its secret opened. */
export interface Destination extends Pick<
  Subscription,
  'companyId' | 'channel' | 'address' | 'language'
> {
  readonly secret: string | null;
}

const SMTP_TIMEOUT_MS = 10_000;

/** Sends messages: signed webhooks, e-mail, Alertmanager. In no transaction, and from any process. */
@Injectable()
export class SenderService {
  private transport: Promise<Transporter> | null = null;

  constructor(
    private readonly config: Config,
    private readonly operator: OperatorService,
  ) {}

  /** @throws Error when it was not taken; whoever calls tries again */
  async send(destination: Destination, message: Message): Promise<void> {
    switch (destination.channel) {
      case 'email':
        return this.mail(destination, message);
      case 'alertmanager':
        return this.post(
          destination,
          `${destination.address.replace(/\/+$/, '')}/api/v2/alerts`,
          alertmanagerBody(message),
          destination.secret ? { authorization: `Bearer ${destination.secret}` } : {},
        );
      default:
        return this.webhook(destination, message);
    }
  }

  /** Standard Webhooks: id, timestamp and an HMAC over both and the body. */
  private async webhook(destination: Destination, message: Message): Promise<void> {
    const { address, secret } = destination;
    if (!secret) throw new Error('a webhook has a secret');
    const body = webhookBody(message);
    const now = new Date();
    await this.post(destination, address, body, {
      'webhook-id': message.id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(message.id, now, body),
    });
  }

  private async mail({ address, language }: Destination, message: Message): Promise<void> {
    const { MAIL_FROM = 'ofitec@localhost' } = this.config.of(alertsConfig);
    const transport = await (this.transport ??= this.openTransport());
    await transport.sendMail({
      from: MAIL_FROM,
      to: address,
      ...letterOf(message, language),
      messageId: `<${message.id}@ofitec>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
      // Nothing of a message comes from a file or an address.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  private async post(
    { companyId }: Destination,
    url: string,
    body: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<void> {
    const privateHosts = await this.operator.privateHosts(companyId);
    await postOutside({ url, body, headers, privateHosts });
  }

  private async openTransport(): Promise<Transporter> {
    const { SMTP_URL } = this.config.of(alertsConfig);
    if (!SMTP_URL) throw new Error('SMTP_URL is unset: this server sends no e-mail');
    // Loaded where it is wanted: an installation without e-mail pays nothing for it.
    const { createTransport } = await import('nodemailer');
    return createTransport({
      url: SMTP_URL,
      connectionTimeout: SMTP_TIMEOUT_MS,
      greetingTimeout: SMTP_TIMEOUT_MS,
      socketTimeout: SMTP_TIMEOUT_MS,
    });
  }
}
