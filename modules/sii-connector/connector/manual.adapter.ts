import { Injectable } from '@nestjs/common';
import { NotTaken, SiiAdapter } from './sii-adapter.js';
import type { Outcome } from './sii-adapter.js';

/** A person: files are exported, and folio and date are typed back. Always well, submits nothing. */
@Injectable()
export class ManualAdapter extends SiiAdapter {
  readonly kind = 'manual';
  readonly capabilities = ['export'] as const;

  async submit(): Promise<Outcome> {
    return Promise.reject(new NotTaken('a person files by hand: export the return instead'));
  }

  async find(): Promise<null> {
    return Promise.resolve(null);
  }

  async probe(): Promise<void> {
    return Promise.resolve();
  }
}
