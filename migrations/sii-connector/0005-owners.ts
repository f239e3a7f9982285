import type { MigrationInterface, QueryRunner } from 'typeorm';
import { openDoor, run } from '../sql.js';

/** Whether a file is one that another company has taken. */
export class Owners implements MigrationInterface {
  readonly name = 'Owners0005';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [INDEX, DOOR]);
    await openDoor(runner, 'sii_connector_file_elsewhere(text, uuid)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP FUNCTION sii_connector_file_elsewhere(text, uuid)',
      'DROP INDEX sii_connector_import_by_content',
    ]);
  }
}

const INDEX = 'CREATE INDEX sii_connector_import_by_content ON sii_connector_import (sha256)';

// A file is of one company. Who asks has all of it, and so learns nothing of the other one.
const DOOR = `CREATE FUNCTION sii_connector_file_elsewhere(wanted text, asking uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM sii_connector_import i
      WHERE i.sha256 = wanted AND i.company_id <> asking AND i.documents > 0)
  $$`;
