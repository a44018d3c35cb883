//! Which prefixes are bound at an element.

use super::document::Element;

impl<'d> Element<'d> {
    /// The namespace declarations in scope at this element: prefix (empty: the default namespace) and namespace name, inner
    /// ones first. The prefix `xml`, which is always bound, is not among them.
    #[must_use]
    pub fn namespaces_in_scope(self) -> Vec<(&'d str, &'d str)> {
        let mut found: Vec<(&str, &str)> = Vec::new();
        for element in std::iter::successors(Some(self), |element| element.parent()) {
            for declaration in element.document.declarations_of(element.node()) {
                let prefix = element.document.slice(declaration.prefix);
                if found.iter().all(|(known, _)| *known != prefix) {
                    found.push((prefix, element.document.declared_uri(*declaration)));
                }
            }
        }
        // `xmlns=""` takes the default namespace away (Namespaces in XML 1.0, section 6.2).
        found.retain(|(_, namespace)| !namespace.is_empty());
        found
    }
}

#[cfg(test)]
mod tests {
    use crate::limits::Limits;
    use crate::xml::Document;

    #[test]
    fn inner_declarations_hide_outer_ones() {
        let xml = r#"<a xmlns="urn:d" xmlns:p="urn:1" xmlns:q="urn:&amp;"><b xmlns:p="urn:2"><c xmlns=""/></b></a>"#;
        let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
        let mut scope = document.root().descendants().last().unwrap().namespaces_in_scope();
        scope.sort_unstable();
        assert_eq!(scope, [("p", "urn:2"), ("q", "urn:&")]);
        assert_eq!(document.root().namespaces_in_scope().len(), 3);
    }
}
