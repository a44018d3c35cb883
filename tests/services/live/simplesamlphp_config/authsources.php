<?php
// Users: a file that is read at every request, or a directory.
$W = getenv('SSP_WORK');
$users = ['exampleauth:UserPass'];
foreach (json_decode(file_get_contents("$W/users.json"), true) as $name => $attributes) {
    $users["$name:" . getenv('SSP_PASSWORD')] = $attributes;
}
$config = ['admin' => ['core:AdminPassword'], 'file' => $users];
if (getenv('SSP_LDAP')) {
    $config['directory'] = [
        'ldap:LDAP',
        'hostname' => getenv('SSP_LDAP'),
        'enable_tls' => false, 'debug' => false, 'timeout' => 10, 'referrals' => false,
        'attributes' => ['uid', 'mail', 'memberOf'], // memberOf is operational: it is given to those who ask for it
        'dnpattern' => 'uid=%username%,' . getenv('SSP_PEOPLE'),
    ];
}
