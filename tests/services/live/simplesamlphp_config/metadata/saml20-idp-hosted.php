<?php
$W = getenv('SSP_WORK'); // idp.json names the keys
$metadata[getenv('SSP_ENTITY_ID')] = array_merge([
    'host' => '__DEFAULT__',
    'auth' => getenv('SSP_LDAP') ? 'directory' : 'file',
    'NameIDFormat' => ['urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'],
    'authproc' => [3 => [
        'class' => 'saml:AttributeNameID', 'attribute' => 'mail',
        'Format' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    ]],
], json_decode(file_get_contents("$W/idp.json"), true));
