-- What PostgreSQL itself does for one payment: the locks in their order, the rows, the commit.
\set number random(1, :orders)
BEGIN;
SELECT id AS order_id FROM sales_order
  WHERE company_id = :company AND branch_id = :branch AND number = :number FOR UPDATE \gset
SELECT id FROM payments_cash_session WHERE id = :session FOR SHARE;
INSERT INTO payments_payment (id, company_id, created_at, updated_at, version, order_id, cash_session_id,
    branch_id, cashier_id, business_date, kind, method, amount, collected, tendered, change, reversed_amount)
  VALUES (gen_random_uuid(), :company, now(), now(), 1, ':order_id', :session,
    :branch, :cashier, current_date, 'charge', 'cash', 10, 10, 10, 0, 0);
UPDATE sales_order SET paid_amount = paid_amount + 10, version = version + 1, updated_at = now()
  WHERE id = ':order_id';
INSERT INTO kernel_event (id, company_id, created_at, action, schema_version, actor_id, actor_login,
    actor_roles, ip, request_id, subject_type, subject_id, subject_label, changes, payload)
  VALUES (gen_random_uuid(), :company, now(), 'payment.created', 1, :cashier, 'vendedora',
    '{vendedora}', '127.0.0.1', 'bench', 'payments.payment', ':order_id', 'bench', '{}', '{}');
COMMIT;
