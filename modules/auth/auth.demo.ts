import type { DemoContext } from '#kernel';
import { UserService } from '#modules/base';
import { CredentialService } from './credential/credential.service.js';

/** Every demo user gets the demo password, taken as it is. */
export async function fillDemo({ app, password }: DemoContext): Promise<void> {
  const { items } = await app.get(UserService, { strict: false }).list({});
  for (const user of items) {
    await app
      .get(CredentialService, { strict: false })
      .setPassword(user.id, password, { totpExempt: true });
  }
}
