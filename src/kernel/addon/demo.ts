import type { INestApplicationContext } from '@nestjs/common';

/** What an addon's demo may use: the composed application, inside the demo company. */
export interface DemoContext {
  readonly app: INestApplicationContext;
  /** The company being filled; the kernel creates its id, `base` creates its row. */
  readonly companyId: string;
  /** The password of every demo user. */
  readonly password: string;
}
