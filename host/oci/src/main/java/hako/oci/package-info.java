@org.jspecify.annotations.NullMarked
package hako.oci;
