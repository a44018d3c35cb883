<?php
$metadata = json_decode(file_get_contents(getenv('SSP_WORK') . '/partners.json'), true);
