import { Column, Entity } from 'typeorm';
import { CompanyRecord } from '#kernel';

/** The app that `/csp/report` without a slug belongs to: the installation's own pages. */
export const OWN_APP = 'default';

export const SLUG_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A web application whose pages send their violation reports to `/csp/report/<slug>`. */
@Entity('security_csp_app')
export class App extends CompanyRecord {
  /** Unique in the installation, since it is all that a report says of whose it is. Never changes. */
  @Column({ type: 'text' })
  slug!: string;

  /** Hosts of its documents: `app.example`, `*.app.example` (below it, as in CSP), or `*`. */
  @Column({ type: 'text', array: true })
  hosts!: string[];

  /** The oldest policy version still in use; reports of an older one are noise. Null: none is old. */
  @Column({ type: 'integer', nullable: true })
  oldestVersion!: number | null;
}
