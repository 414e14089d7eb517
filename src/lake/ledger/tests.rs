use super::*;

fn ledger() -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&dir.path().join("ledger.duckdb")).unwrap();
    (dir, ledger)
}

fn view(name: &str, depends_on: &[&str]) -> StoredObject {
    StoredObject {
        schema: "public".into(),
        name: name.into(),
        kind: ObjectKind::View,
        sql: format!("CREATE VIEW {name} AS SELECT 1"),
        depends_on: depends_on.iter().map(ToString::to_string).collect(),
        created_at: 0,
    }
}

#[test]
fn everything_is_there_after_a_restart() {
    let (dir, ledger) = ledger();
    ledger.save_user("ada", "SCRAM-SHA-256$1").unwrap();
    ledger
        .put_object(&view("v", &["public.t", "public.u"]))
        .unwrap();
    ledger.save_model("m", 1, "{\"a\":1}").unwrap();
    ledger.save_model("m", 2, "{\"a\":2}").unwrap();
    let oid = ledger.relation_oid("public.t").unwrap();
    ledger.audit("ada", "login", "127.0.0.1").unwrap();
    let import = ledger.start_import("bars", "a.csv").unwrap();
    ledger.finish_import(import, 7, "00ff").unwrap();
    drop(ledger);

    let ledger = Ledger::open(&dir.path().join("ledger.duckdb")).unwrap();
    let found = ledger.user("ada").unwrap().unwrap();
    assert_eq!(found.verifier, "SCRAM-SHA-256$1");
    assert!(found.created_at > 0);
    let object = ledger.object("public", "v").unwrap().unwrap();
    assert_eq!(object.depends_on, ["public.t", "public.u"]);
    assert_eq!(object.kind, ObjectKind::View);
    let models = ledger.models().unwrap();
    assert_eq!(
        (
            models.len(),
            models[0].version,
            models[0].definition.as_str()
        ),
        (1, 2, "{\"a\":2}")
    );
    assert_eq!(ledger.relation_oid("public.t").unwrap(), oid);
    assert_eq!(ledger.relation_oid("public.u").unwrap(), oid + 1);
    assert_eq!(ledger.audit_log(10).unwrap()[0].event, "login");
    let imports = ledger.imports().unwrap();
    assert_eq!(
        (imports[0].rows, imports[0].status.as_str()),
        (Some(7), "done")
    );
}

#[test]
fn first_relation_gets_the_first_user_oid() {
    let (_dir, ledger) = ledger();
    assert_eq!(ledger.relation_oid("public.t").unwrap(), 16384);
}

#[test]
fn user_keeps_the_name_and_gets_the_new_verifier() {
    let (_dir, ledger) = ledger();
    ledger.save_user("ada", "one").unwrap();
    ledger.save_user("ada", "two").unwrap();
    assert_eq!(ledger.user_verifier("ada").unwrap().as_deref(), Some("two"));
    assert_eq!(ledger.users().unwrap().len(), 1);
    assert!(ledger.delete_user("ada").unwrap());
    assert!(!ledger.delete_user("ada").unwrap());
    assert_eq!(ledger.user_verifier("ada").unwrap(), None);
}

#[test]
fn object_of_the_same_name_is_replaced() {
    let (_dir, ledger) = ledger();
    ledger.put_object(&view("v", &[])).unwrap();
    ledger.put_object(&view("v", &["public.x"])).unwrap();
    assert_eq!(ledger.objects().unwrap().len(), 1);
    assert!(ledger.remove_object("public", "v").unwrap());
    assert!(ledger.object("public", "v").unwrap().is_none());
}

#[test]
fn import_of_a_dead_process_is_interrupted() {
    let (_dir, ledger) = ledger();
    ledger.start_import("bars", "a.csv").unwrap();
    assert_eq!(ledger.interrupt_imports().unwrap(), 1);
    assert_eq!(ledger.imports().unwrap()[0].status, "interrupted");
}

#[test]
fn ledger_of_a_newer_version_is_refused() {
    let (dir, ledger) = ledger();
    ledger
        .with(|c| c.execute("INSERT INTO ledger_version VALUES (999)", []))
        .unwrap();
    drop(ledger);
    let error = Ledger::open(&dir.path().join("ledger.duckdb")).unwrap_err();
    assert_eq!(error.state, SqlState::ObjectNotInState);
}
