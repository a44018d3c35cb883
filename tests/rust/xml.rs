//! The strict parser and canonical XML.

use memberof::limits::Limits;
use memberof::xml::{Canonicalization, Document, Element, Method, XmlError, canonicalize};
use proptest::prelude::*;

const LIMITS: Limits = Limits::DEFAULT;

fn code(xml: impl AsRef<[u8]>) -> &'static str {
    Document::parse(xml.as_ref(), &LIMITS).map_or_else(|error| error.code(), |_| "accepted")
}

fn canonical(xml: &str, id: Option<&str>, canonicalization: &Canonicalization) -> String {
    String::from_utf8(canonicalize(xml.as_bytes(), id, canonicalization, &LIMITS).unwrap()).unwrap()
}

fn inclusive(method: Method, with_comments: bool) -> Canonicalization {
    Canonicalization { method, with_comments, inclusive_prefixes: Vec::new() }
}

#[test]
fn well_formed_documents_are_read() {
    for xml in [
        "<a/>",
        "\u{FEFF}<a/>",
        "<?xml version=\"1.0\"?><a/>",
        "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<!-- c -->\n<a></a >\n<!---->\n",
        "<a b='>' c=\"'\"\n\td = '&lt;&#38;'>]] ></a>",
        "<a>]]&gt;<![CDATA[<&]]]]><![CDATA[>]]></a>",
        "<p:a xmlns:p='urn:x' p:b='' b=''/>",
        "<a xmlns='urn:x'><b xmlns=''/></a>",
        "<a xml:lang='en' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
        "<é日本·9 x='\u{10FFFF}'/>",
        "<a xmlns:a='urn:1' xmlns:b='urn:2' a:x='' b:x='' x=''/>",
        "<a ID='1'><b ID='2' Id='3'/></a>",
    ] {
        assert_eq!(code(xml), "accepted", "{xml}");
    }
}

#[test]
fn malformed_documents_are_refused_wherever_the_fault_stands() {
    for xml in [
        "",
        " ",
        "text",
        "<a>",
        "</a>",
        "<a></b>",
        "<a></a b=''>",
        "<a></ a>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a/>&amp;",
        "<a/><![CDATA[ ]]>",
        " <?xml version='1.0'?><a/>",
        "<?xml?><a/>",
        "<?xml encoding='UTF-8'?><a/>",
        "<?xml version='1.1'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>",
        "<?xml version='1.0' version='1.0'?><a/>",
        "<?xml version='1.0'encoding='UTF-8'?><a/>",
        "<a>&</a>",
        "<a>& </a>",
        "<a>&amp</a>",
        "<a>&nbsp;</a>",
        "<a>&#0;</a>",
        "<a>&#x110000;</a>",
        "<a>&#xD800;</a>",
        "<a>&;</a>",
        "<a b='&'/>",
        "<a b='&nbsp;'/>",
        "<a b='<'/>",
        "<a b='1' b='2'/>",
        "<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='' q:b=''/>",
        "<a xmlns:p='urn:x' xmlns:p='urn:y'/>",
        "<a xmlns='urn:x' xmlns='urn:x'/>",
        "<p:a/>",
        "<a p:b=''/>",
        "<a><b xmlns:p='urn:x'/><p:c/></a>",
        "<a xmlns:p=''/>",
        "<a xmlns:xml='urn:x'/>",
        "<a xmlns:xmlns='urn:x'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
        "<xmlns:a/>",
        "<a b/>",
        "<a b=c/>",
        "<a b='1'c='2'/>",
        "<a b='1/>",
        "<a 1='1'/>",
        "<1a/>",
        "<a:b:c xmlns:a='urn:x'/>",
        "<:a/>",
        "<a:/>",
        "< a/>",
        "<a/ >",
        "<a//>",
        "<>",
        "<",
        "<a",
        "<!",
        "<!a>",
        "<a><!-- -- --></a>",
        "<a><!-- ---></a>",
        "<a><!--></a>",
        "<a><!-- </a>",
        "<a><![CDATA[ </a>",
        "<a><![cdata[ ]]></a>",
        "<a>]]></a>",
        "<a>\u{0}</a>",
        "<a>\u{1}</a>",
        "<a b='\u{B}'/>",
        "<a>\u{FFFE}</a>",
        "<a><!-- \u{FFFF} --></a>",
        "<a><a></a>",
    ] {
        assert_eq!(code(xml), "xml.malformed", "{xml}");
    }
}

#[test]
fn what_has_its_own_code_is_refused_with_it() {
    for (xml, expected) in [
        (&b"<!DOCTYPE a><a/>"[..], "xml.doctype"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "xml.doctype"),
        (b"<!doctype a><a/>", "xml.doctype"),
        (b"<!DOCTYPE a [<!ENTITY b ", "xml.doctype"),
        (b"<a><!DOCTYPE a></a>", "xml.doctype"),
        (b"<?php ?><a/>", "xml.processing_instruction"),
        (b"<a><?b c?></a>", "xml.processing_instruction"),
        (b"<a/><?b?>", "xml.processing_instruction"),
        (b"<a>\xFF</a>", "xml.encoding"),
        (b"<a>\xC0\x80</a>", "xml.encoding"),
        (b"<a>\xED\xA0\x80</a>", "xml.encoding"),
        (b"\xFE\xFF\0<\0a\0/\0>", "xml.encoding"),
        (b"\xFF\xFE<\0a\0/\0>\0", "xml.encoding"),
        (b"<\0a\0/\0>\0", "xml.malformed"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "xml.encoding"),
        (b"<?xml version='1.0' encoding='utf-16'?><a/>", "xml.encoding"),
        (b"\xEF\xBB\xBF\xEF\xBB\xBF<a/>", "xml.malformed"),
        (b"<a xmlns:p='x'/>", "xml.relative_namespace"),
        (b"<a xmlns='../x'/>", "xml.relative_namespace"),
        (b"<a xmlns:p='//host/x'/>", "xml.relative_namespace"),
        (b"<a ID='1'><b ID='1'/></a>", "xml.duplicate_id"),
        (b"<a ID='1'><b Id='&#49;'/></a>", "xml.duplicate_id"),
        (b"<a ID='1' xml:id='1'/>", "xml.duplicate_id"),
        (b"<a ID='1'><b xmlns:saml='urn:s' saml:ID='1'/></a>", "xml.duplicate_id"),
    ] {
        assert_eq!(code(xml), expected, "{}", String::from_utf8_lossy(xml));
    }
}

#[test]
fn values_are_read_whole() {
    let xml = "<a b=' x\ty\r\nz&#10;&quot;'>one<!-- two -->&amp;<![CDATA[<three>&amp;\r\n]]>\rfour</a>";
    let document = Document::parse(xml.as_bytes(), &LIMITS).unwrap();
    let root = document.root();
    assert_eq!(root.text().unwrap(), "one&<three>&amp;\n\nfour");
    assert_eq!(root.attribute("b").unwrap(), " x y z\n\"");
    let nested = Document::parse(b"<a>x<b/>y</a>", &LIMITS).unwrap();
    assert_eq!(nested.root().text(), None);
}

#[test]
fn elements_are_found_by_namespace_and_name() {
    let xml = "<a xmlns='urn:1' xmlns:p='urn:2'><p:b p:c='1' c='2' ID='x'/><b/><d xmlns=''><b/></d></a>";
    let document = Document::parse(xml.as_bytes(), &LIMITS).unwrap();
    let root = document.root();
    assert!(root.is("urn:1", "a"));
    let child = root.child("urn:2", "b").unwrap();
    assert_eq!(child.attribute("c").unwrap(), "2");
    assert_eq!(child.attribute_in("urn:2", "c").unwrap(), "1");
    assert!(child.parent().unwrap().is_same(root));
    assert!(document.element_by_id("x").unwrap().is_same(child));
    assert_eq!(root.children().map(Element::namespace).collect::<Vec<_>>(), ["urn:2", "urn:1", ""]);
    assert_eq!(root.descendants().count(), 5);
    assert!(root.parent().is_none());
    assert!(root.has_element_content());
}

#[test]
fn the_same_start_tag_means_what_its_scope_makes_of_it() {
    let xml = "<r xmlns:p='urn:1'><a><p:v x='1'/></a><a xmlns:p='urn:2'><p:v x='1'/></a><a><p:v x='1'/></a>\
        <a xmlns='urn:3'><p:v x='1'><v/></p:v></a><a><p:v x='1'><v/></p:v></a></r>";
    let document = Document::parse(xml.as_bytes(), &LIMITS).unwrap();
    let named = |local| document.root().descendants().filter(move |element| element.local_name() == local);
    let prefixed: Vec<_> =
        document.root().children().map(|a| a.children().next().unwrap().namespace()).collect();
    assert_eq!(prefixed, ["urn:1", "urn:2", "urn:1", "urn:1", "urn:1"]);
    let plain: Vec<_> = named("v").filter(|v| v.attribute("x").is_none()).map(Element::namespace).collect();
    assert_eq!(plain, ["urn:3", ""]);
    assert_eq!(code("<r><a ID='1'/><a ID='1'/></r>"), "xml.duplicate_id");
    assert_eq!(code("<r><a xmlns:p='urn:1'/><a><p:b/></a></r>"), "xml.malformed");
    assert_eq!(code("<r><a xmlns:p='urn:1'><p:b/></a><a><p:b/></a></r>"), "xml.malformed");
}

#[test]
fn debug_prints_sizes_and_names_only() {
    let document = Document::parse(b"<a b='secret'>secret</a>", &LIMITS).unwrap();
    let shown = format!("{document:?} {:?} {:?}", document.root(), document.root().attributes().next());
    assert!(!shown.contains("secret"), "{shown}");
}

// ---- hostile sizes -------------------------------------------------------------------------------------------------

#[test]
fn hostile_sizes_end_with_a_code() {
    let many = |count: usize, piece: &dyn Fn(usize) -> String| (0..count).map(piece).collect::<String>();
    assert_eq!(code("<a>".repeat(10_000)), "xml.too_deep");
    assert_eq!(code(format!("{}{}", "<a>".repeat(65), "</a>".repeat(65))), "xml.too_deep");
    assert_eq!(code(format!("<a {}/>", many(80_000, &|n| format!("a{n}='' ")))), "xml.too_many_attributes");
    assert_eq!(
        code(format!("<a {}/>", many(100, &|n| format!("xmlns:a{n}='urn:x' ")))),
        "xml.too_many_namespaces"
    );
    assert_eq!(code(format!("<a>{}</a>", "<b/>".repeat(60_000))), "xml.too_many_elements");
    assert_eq!(code(format!("<a>{}</a>", "<!---->".repeat(60_000))), "xml.too_many_elements");
    assert_eq!(code(format!("<a>{}</a>", "x".repeat(1_048_576))), "xml.too_large");
    assert_eq!(code(format!("<{}/>", "x".repeat(1_025))), "xml.name_too_long");
    assert_eq!(code(format!("<a xmlns:p='urn:{}'/>", "x".repeat(1_021))), "xml.name_too_long");
    let prefixes = many(60, &|n| format!("xmlns:a{n}='urn:x:{n}' "));
    assert_eq!(code(format!("<a {prefixes}>{}</a>", "<a0:b/>".repeat(49_999))), "accepted");
    let attributes = many(255, &|n| format!("a{n}='' "));
    assert_eq!(code(format!("<a>{}</a>", format!("<b {attributes}/>").repeat(450))), "accepted");
    assert_eq!(code(format!("<a>{}</a>", "&amp;".repeat(200_000))), "accepted");
    assert_eq!(code(format!("<a>{}</a>", "]]&gt;>".repeat(100_000))), "accepted");
    assert_eq!(code(format!("<a>{}</a>", many(40_000, &|n| format!("<b ID='{n}'/>")))), "accepted");
}

#[test]
fn a_canonical_form_is_not_hundreds_of_times_as_long_as_its_document() {
    let namespace = format!("urn:{}", "x".repeat(1_000));
    let many = |count| format!("<a xmlns:p='{namespace}'>{}</a>", "<p:b/>".repeat(count));
    let canonical = |count| canonicalize(many(count).as_bytes(), None, &Canonicalization::EXCLUSIVE, &LIMITS);
    assert!(canonical(40).is_ok());
    assert_eq!(canonical(40_000).unwrap_err().code(), "xml.canonical_too_large");
    // Under an inclusive method it is written once.
    let all = canonicalize(many(40_000).as_bytes(), None, &inclusive(Method::Inclusive10, false), &LIMITS);
    assert!(all.is_ok());
}

#[test]
fn what_is_within_the_limits_is_read() {
    assert_eq!(code(format!("{}{}", "<a>".repeat(64), "</a>".repeat(64))), "accepted");
    let small = Limits { max_bytes: 4, ..LIMITS };
    assert!(Document::parse(b"<a/>", &small).is_ok());
    let error = Document::parse(b"<a />", &small).unwrap_err();
    assert_eq!(error, XmlError::TooLarge { found: 5, allowed: 4 });
}

// ---- canonical XML -------------------------------------------------------------------------------------------------

#[test]
fn white_space_tags_and_attributes_follow_canonical_xml_2_3() {
    // After Canonical XML 1.0, sections 3.2 to 3.4, without their DTDs.
    let xml = "<?xml version='1.0'?>\r\n<doc>\r\n   <e1   />\n   <e2   ></e2>\n   \
        <e3   name = \"elem3\"   id=\"elem3\"   />\n   \
        <e5 a:attr=\"out\" b:attr=\"sorted\" attr2=\"all\" attr=\"I'm\"\n      \
        xmlns:b=\"http://www.ietf.org\"\n      xmlns:a=\"http://www.w3.org\"\n      \
        xmlns=\"http://example.org\"/>\n   \
        <e6 xmlns=\"\" xmlns:a=\"http://www.w3.org\">\n      <e7 xmlns=\"http://www.ietf.org\">\n         \
        <e8 xmlns=\"\" xmlns:a=\"http://www.w3.org\"/>\n      </e7>\n   </e6>\n</doc>\n<!-- Comment 3 -->";
    let expected = "<doc>\n   <e1></e1>\n   <e2></e2>\n   <e3 id=\"elem3\" name=\"elem3\"></e3>\n   \
        <e5 xmlns=\"http://example.org\" xmlns:a=\"http://www.w3.org\" xmlns:b=\"http://www.ietf.org\" \
        attr=\"I'm\" attr2=\"all\" b:attr=\"sorted\" a:attr=\"out\"></e5>\n   \
        <e6 xmlns:a=\"http://www.w3.org\">\n      <e7 xmlns=\"http://www.ietf.org\">\n         \
        <e8 xmlns=\"\"></e8>\n      </e7>\n   </e6>\n</doc>";
    assert_eq!(canonical(xml, None, &inclusive(Method::Inclusive10, false)), expected);
    assert_eq!(canonical(xml, None, &inclusive(Method::Inclusive11, false)), expected);
}

#[test]
fn character_modifications_follow_canonical_xml_3_4() {
    let xml = "<doc>\n   <text>First line&#x0d;&#10;Second line</text>\n   <value>&#x32;</value>\n   \
        <compute><![CDATA[value>\"0\" && value<\"10\" ?\"valid\":\"error\"]]></compute>\n   \
        <compute expr='value>\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"'>valid</compute>\n   \
        <norm attr=' &apos;   &#x20;&#13;&#xa;&#9;   &apos; '/>\n</doc>";
    let expected = "<doc>\n   <text>First line&#xD;\nSecond line</text>\n   <value>2</value>\n   \
        <compute>value&gt;\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"</compute>\n   \
        <compute expr=\"value>&quot;0&quot; &amp;&amp; value&lt;&quot;10&quot; ?&quot;valid&quot;:&quot;error&quot;\">\
        valid</compute>\n   <norm attr=\" '    &#xD;&#xA;&#x9;   ' \"></norm>\n</doc>";
    assert_eq!(canonical(xml, None, &inclusive(Method::Inclusive10, false)), expected);
    assert_eq!(canonical(xml, None, &Canonicalization::EXCLUSIVE), expected);
}

#[test]
fn a_subset_follows_exclusive_canonicalisation_2_2() {
    // Exclusive C14N 1.0, section 2.2: the same content in two contexts.
    let inner = "<n1:elem2 ID=\"i\" xmlns:n1=\"http://example.net\" xml:lang=\"en\">\n    \
        <n3:stuff xmlns:n3=\"ftp://example.org\"/>\n</n1:elem2>";
    let first = format!("<n0:pdu xmlns:n0=\"http://a.example\" xml:space=\"preserve\">{inner}</n0:pdu>");
    let second = format!(
        "<n2:pdu xmlns:n1=\"http://example.com\" xmlns:n2=\"http://foo.example\" xml:lang=\"fr\" xml:space=\"retain\">{inner}</n2:pdu>"
    );
    let stuff = "\n    <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff>\n</n1:elem2>";
    let exclusive = format!("<n1:elem2 xmlns:n1=\"http://example.net\" ID=\"i\" xml:lang=\"en\">{stuff}");
    assert_eq!(canonical(&first, Some("i"), &Canonicalization::EXCLUSIVE), exclusive);
    assert_eq!(canonical(&second, Some("i"), &Canonicalization::EXCLUSIVE), exclusive);
    let inherited = |namespaces: &str, space: &str| {
        format!("<n1:elem2 {namespaces} ID=\"i\" xml:lang=\"en\" xml:space=\"{space}\">{stuff}")
    };
    for method in [Method::Inclusive10, Method::Inclusive11] {
        assert_eq!(
            canonical(&first, Some("i"), &inclusive(method, false)),
            inherited("xmlns:n0=\"http://a.example\" xmlns:n1=\"http://example.net\"", "preserve")
        );
        assert_eq!(
            canonical(&second, Some("i"), &inclusive(method, false)),
            inherited("xmlns:n1=\"http://example.net\" xmlns:n2=\"http://foo.example\"", "retain")
        );
    }
}

#[test]
fn prefixes_on_the_list_are_treated_inclusively() {
    let xml = "<r xmlns='urn:d' xmlns:a='urn:a' xmlns:b='urn:b' xmlns:c='urn:c'>\
        <a:e ID='i' x='b:q'><a:f xmlns:b='urn:b2'/><a:g xmlns=''/></a:e></r>";
    let with = |prefixes: &[&str]| Canonicalization {
        inclusive_prefixes: prefixes.iter().map(ToString::to_string).collect(),
        ..Canonicalization::EXCLUSIVE
    };
    assert_eq!(
        canonical(xml, Some("i"), &with(&[])),
        "<a:e xmlns:a=\"urn:a\" ID=\"i\" x=\"b:q\"><a:f></a:f><a:g></a:g></a:e>"
    );
    assert_eq!(
        canonical(xml, Some("i"), &with(&["b", "nowhere"])),
        "<a:e xmlns:a=\"urn:a\" xmlns:b=\"urn:b\" ID=\"i\" x=\"b:q\"><a:f xmlns:b=\"urn:b2\"></a:f><a:g></a:g></a:e>"
    );
    assert_eq!(
        canonical(xml, Some("i"), &with(&[""])),
        "<a:e xmlns=\"urn:d\" xmlns:a=\"urn:a\" ID=\"i\" x=\"b:q\"><a:f></a:f><a:g xmlns=\"\"></a:g></a:e>"
    );
}

#[test]
fn an_empty_default_namespace_is_written_only_against_another() {
    let xml = "<a xmlns='urn:x'><b xmlns='' ID='i'><c/><d xmlns='urn:x'><e xmlns=''/></d></b></a>";
    let expected = "<b ID=\"i\"><c></c><d xmlns=\"urn:x\"><e xmlns=\"\"></e></d></b>";
    assert_eq!(canonical(xml, Some("i"), &Canonicalization::EXCLUSIVE), expected);
    assert_eq!(canonical(xml, Some("i"), &inclusive(Method::Inclusive10, false)), expected);
}

#[test]
fn comments_stay_only_when_asked_for() {
    let xml = "<a>x<!-- c\r\n -->y</a>";
    let with_comments = Canonicalization { with_comments: true, ..Canonicalization::EXCLUSIVE };
    assert_eq!(canonical(xml, None, &Canonicalization::EXCLUSIVE), "<a>xy</a>");
    assert_eq!(canonical(xml, None, &with_comments), "<a>x<!-- c\n -->y</a>");
}

#[test]
fn xml_attributes_are_inherited_as_each_recommendation_says() {
    let xml =
        "<a xml:lang='en' xml:id='q' xml:foo='1'><b xml:lang='de' xml:space='default'><c ID='i'/></b></a>";
    assert_eq!(
        canonical(xml, Some("i"), &inclusive(Method::Inclusive10, false)),
        "<c ID=\"i\" xml:foo=\"1\" xml:id=\"q\" xml:lang=\"de\" xml:space=\"default\"></c>"
    );
    assert_eq!(
        canonical(xml, Some("i"), &inclusive(Method::Inclusive11, false)),
        "<c ID=\"i\" xml:lang=\"de\" xml:space=\"default\"></c>"
    );
    let base = b"<a xml:base='http://a/'><b ID='i'/></a>";
    let error = canonicalize(base, Some("i"), &inclusive(Method::Inclusive11, false), &LIMITS).unwrap_err();
    assert_eq!(error.code(), "xml.inherited_base");
    assert_eq!(
        canonicalize(base, Some("j"), &Canonicalization::EXCLUSIVE, &LIMITS).unwrap_err().code(),
        "xml.unknown_id"
    );
}

#[test]
fn a_namespace_name_with_references_is_compared_and_written_decoded() {
    let xml = "<p:a xmlns:p='urn:x?a&amp;b&#38;c'><p:b xmlns:p='urn:x?a&#38;b&amp;c'/></p:a>";
    let expected = "<p:a xmlns:p=\"urn:x?a&amp;b&amp;c\"><p:b></p:b></p:a>";
    assert_eq!(canonical(xml, None, &Canonicalization::EXCLUSIVE), expected);
    let document = Document::parse(xml.as_bytes(), &LIMITS).unwrap();
    let form = document.root().canonicalize(&Canonicalization::EXCLUSIVE, &[]).unwrap();
    assert_eq!(form.root().children().next().unwrap().namespace(), "urn:x?a&b&c");
}

#[test]
fn omitted_elements_leave_the_text_around_them() {
    let document = Document::parse(b"<a>x<b>y</b>z<c/></a>", &LIMITS).unwrap();
    let root = document.root();
    let omitted: Vec<_> = root.children().take(1).collect();
    let form = root.canonicalize(&Canonicalization::EXCLUSIVE, &omitted).unwrap();
    assert_eq!(form.text(), "<a>xz<c></c></a>");
    assert_eq!(
        outline(form.root()),
        outline(Document::parse(form.text().as_bytes(), &LIMITS).unwrap().root())
    );
}

// ---- laws ----------------------------------------------------------------------------------------------------------

/// All that can be read of an element and what is inside it.
fn outline(root: Element<'_>) -> Vec<String> {
    root.descendants()
        .map(|element| {
            let attributes: Vec<_> = element
                .attributes()
                .map(|attribute| (attribute.namespace(), attribute.local_name(), attribute.value()))
                .collect();
            let children: Vec<_> = element.children().map(Element::local_name).collect();
            let parent = element.parent().map(Element::local_name);
            format!(
                "{:?}",
                (element.namespace(), element.local_name(), attributes, element.text(), children, parent)
            )
        })
        .collect()
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("&amp;".to_owned()),
        Just("&#13;".to_owned()),
        Just("&lt;&gt;&quot;&#x20AC;".to_owned()),
        Just("<![CDATA[a<b>&c;\r\n]]>".to_owned()),
        Just("<!-- note -->".to_owned()),
        Just(" \r\n\t>\"' ".to_owned()),
        "[a-zé日]{0,4}",
    ]
}

fn attributes() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("x"),
        Just(""),
        Just("a\tb\r\nc"),
        Just("&#9;&#10;&#13;"),
        Just("&lt;\"&gt;"),
        Just("é&amp;")
    ];
    let one = (prop::sample::select(vec!["u", "v", "p:u", "q:u", "q:a", "xml:lang"]), value);
    prop::collection::btree_map(one.clone().prop_map(|pair| pair.0), one.prop_map(|pair| pair.1), 0..4)
        .prop_map(|found| {
            found.iter().map(|(name, value)| [" ", *name, "='", *value, "'"].concat()).collect()
        })
}

fn declarations() -> impl Strategy<Value = String> {
    let uri = prop::sample::select(vec!["urn:1", "urn:2", "urn:3?a&amp;b"]);
    (
        prop::option::weighted(0.3, uri.clone()),
        prop::option::weighted(0.3, uri.clone()),
        prop::option::weighted(0.2, prop_oneof![uri, Just("")]),
    )
        .prop_map(|(p, q, default)| {
            let mut all = p.map(|uri| format!(" xmlns:p='{uri}'")).unwrap_or_default();
            all += &q.map(|uri| format!(" xmlns:q='{uri}x'")).unwrap_or_default();
            all + &default.map(|uri| format!(" xmlns='{uri}'")).unwrap_or_default()
        })
}

/// Stands at the end of every start tag, where white space may stand.
const TAG_END: char = '\u{1}';

fn element() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "p:a", "q:c"]);
    let tag = move || (name.clone(), declarations(), attributes());
    let leaf =
        (tag(), prop::collection::vec(piece(), 0..4)).prop_map(|((name, namespaces, attributes), text)| {
            format!("<{name}{namespaces}{attributes}{TAG_END}>{}</{name}>", text.concat())
        });
    leaf.prop_recursive(4, 24, 4, move |inner| {
        // Some of it twice: the same tags again, side by side or one inside the other's scope.
        let content =
            (prop_oneof![inner, piece()], 1..3_usize).prop_map(|(piece, times)| piece.repeat(times));
        (tag(), prop::collection::vec(content, 0..5), any::<bool>()).prop_map(
            |((name, namespaces, attributes), content, around)| {
                let content = content.concat();
                let element = format!("<{name}{namespaces}{attributes}{TAG_END}>{content}</{name}>");
                if around { format!("<{name}{TAG_END}>{content}{element}</{name}>") } else { element }
            },
        )
    })
}

fn marked_document() -> impl Strategy<Value = String> {
    element().prop_map(|inner| {
        format!("<r xmlns:p='urn:1' xmlns:q='urn:2x' xmlns='urn:0' xml:space='preserve'>{inner}</r>")
    })
}

fn document() -> impl Strategy<Value = String> {
    marked_document().prop_map(|marked| marked.replace(TAG_END, ""))
}

/// The document with every start tag spelled as no other.
fn without_twins(marked: &str) -> String {
    let mut pieces = marked.split(TAG_END);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.enumerate().fold(first, |out, (number, piece)| out + &" ".repeat(number) + piece)
}

fn canonicalizations() -> impl Strategy<Value = Canonicalization> {
    let method = prop::sample::select(vec![Method::Exclusive, Method::Inclusive10, Method::Inclusive11]);
    let prefixes = prop::sample::subsequence(vec!["", "p", "q", "none"], 0..4);
    (method, any::<bool>(), prefixes).prop_map(|(method, with_comments, prefixes)| Canonicalization {
        method,
        with_comments,
        inclusive_prefixes: prefixes.into_iter().map(str::to_owned).collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_table_laid_down_while_writing_is_the_table_that_parsing_gives(
        xml in document(), canonicalization in canonicalizations(),
    ) {
        let document = Document::parse(xml.as_bytes(), &LIMITS).unwrap();
        let inner = document.root().children().next().unwrap();
        let form = inner.canonicalize(&canonicalization, &[]).unwrap();
        let reparsed = Document::parse(form.text().as_bytes(), &LIMITS).unwrap();
        prop_assert_eq!(outline(form.root()), outline(reparsed.root()));
    }

    #[test]
    fn a_start_tag_that_was_read_before_says_what_it_would_say_if_read_anew(
        marked in marked_document(), canonicalization in canonicalizations(),
    ) {
        let (plain, spaced) = (marked.replace(TAG_END, ""), without_twins(&marked));
        let plain = Document::parse(plain.as_bytes(), &LIMITS).unwrap();
        let spaced = Document::parse(spaced.as_bytes(), &LIMITS).unwrap();
        prop_assert_eq!(outline(plain.root()), outline(spaced.root()));
        let inside = |document: &Document<'_>| {
            let inner = document.root().children().next().unwrap();
            let form = inner.canonicalize(&canonicalization, &[]).unwrap();
            (form.text().to_owned(), outline(form.root()))
        };
        prop_assert_eq!(inside(&plain), inside(&spaced));
    }

    #[test]
    fn canonicalising_keeps_what_can_be_read(xml in document(), with_comments in any::<bool>()) {
        let document = Document::parse(xml.as_bytes(), &LIMITS).unwrap();
        let form = document
            .root()
            .canonicalize(&Canonicalization { with_comments, ..Canonicalization::EXCLUSIVE }, &[])
            .unwrap();
        let sorted = |root| {
            outline(root).into_iter().map(|line| {
                let mut bytes = line.into_bytes();
                bytes.sort_unstable();
                bytes
            }).collect::<Vec<_>>()
        };
        prop_assert_eq!(sorted(form.root()), sorted(document.root()));
    }

    #[test]
    fn a_canonical_form_is_its_own_canonical_form(xml in document(), canonicalization in canonicalizations()) {
        let once = canonical(&xml, None, &canonicalization);
        prop_assert_eq!(&canonical(&once, None, &canonicalization), &once);
    }

    #[test]
    fn no_input_makes_the_parser_panic(
        bytes in prop::collection::vec(prop::sample::select(b"<>/!?-[]&;#x'\"= :abCDATA\r\n\0\xC3\xA9".to_vec()), 0..60),
    ) {
        let _ = code(&bytes);
        let _ = code([b"<a>".as_slice(), &bytes, b"</a>"].concat());
        let _ = code([b"<a b='".as_slice(), &bytes, b"'/>"].concat());
    }
}
