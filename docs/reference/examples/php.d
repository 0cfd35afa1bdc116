/* run: -q -c "env USE_ZEND_DTRACE=1 php -n docs/reference/examples/php.php" */
/* The functions of a PHP program as they call each other. */
php*:::function-entry
/pid == $target && arg0/
{
        printf("%*s-> %s (line %d)\n", self->depth++ * 2, "", copyinstr(arg0), arg2);
}

php*:::function-return
/pid == $target && arg0/
{
        printf("%*s<- %s\n", --self->depth * 2, "", copyinstr(arg0));
}
