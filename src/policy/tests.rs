use super::*;

fn example() -> String {
    std::fs::read_to_string("config/policy.example.toml").expect("the example")
}

#[test]
fn the_example_is_in_order() {
    let checked = parse("policy.toml", example().as_bytes(), &[]);
    let checked = checked.unwrap_or_else(|d| panic!("{}", d.render(false)));
    assert_eq!(checked.warnings.render(false), "");
}

#[test]
fn zz() {
    let d = parse("policy.toml", b"", &[]).unwrap_err();
    println!("{}", d.render(false));
    let d = parse(
        "policy.toml",
        b"version = 2\r\nfoo = 1\r\n[[rul]]\r\nname='\t\xe2\x80\xae'\r\nx = \r\n",
        &[],
    )
    .unwrap_err();
    println!("{}", d.render(false));
    let d = parse("policy.toml", b"version = 2\r\nfoo = 1\r\n[[rule]]\r\nname='a'\r\n[[rule]]\nname='\ta'\nsign_off = 5\nfrom = ['seniors']\r\n[groups]\nseniors=['x','@seniors','@b']\n b= ['@seniors']", &[]).unwrap_err();
    println!("{}", d.render(false));
    println!("{}", serde_json::to_string_pretty(&d).unwrap());
    println!("{d}");
}
