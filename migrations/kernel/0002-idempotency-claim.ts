import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

/**
 * Claims an idempotency key, or fails: with OF001 when it has an answer already, with OF002 when
 * another transaction is at work on it. A failure and not an answer, so that PostgreSQL refuses
 * what was sent behind the claim without waiting for it.
 */
export class IdempotencyClaim implements MigrationInterface {
  readonly name = 'IdempotencyClaim0002';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `CREATE FUNCTION kernel_claim_idempotency_key(company uuid, actor uuid, at text, wanted text)
         RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
         BEGIN
           IF EXISTS (SELECT 1 FROM kernel_idempotency k WHERE k.company_id = company
               AND k.actor_id = actor AND k.route = at AND k.key = wanted) THEN
             RAISE EXCEPTION 'the idempotency key has an answer' USING ERRCODE = 'OF001';
           END IF;
           IF NOT pg_try_advisory_xact_lock(
               hashtextextended(concat_ws(' ', company, actor, at, wanted), 0)) THEN
             RAISE EXCEPTION 'the idempotency key is being worked on' USING ERRCODE = 'OF002';
           END IF;
         END $$`,
      `REVOKE ALL ON FUNCTION kernel_claim_idempotency_key(uuid, uuid, text, text) FROM PUBLIC`,
      `GRANT EXECUTE ON FUNCTION kernel_claim_idempotency_key(uuid, uuid, text, text) TO ofitec_app`,
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, ['DROP FUNCTION kernel_claim_idempotency_key(uuid, uuid, text, text)']);
  }
}
